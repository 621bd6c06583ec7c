"""A console on a busy day: plausible answers for every page, for looking at them and for axe."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from agents.console import (
    destinations,
    pages_cluster,
    pages_dead,
    pages_overview,
    pages_people,
    pages_quality,
    people,
)
from agents.console.dead_letters import Look, Work
from agents.erase_held import Held
from agents.erasing import Result
from agents.lag import Depth, Lag
from agents.quality_report import Own
from sinks.dataset_quality import EventQuality
from sinks.forgetting import Forgotten
from sinks.lane_switch import Lane, Pause
from sinks.parked.view import Group
from streams.events import Noted
from streams.ledger import answers, queries
from streams.session_view import (
    SessionCluster,
    SessionList,
    SessionRow,
    SessionView,
    SessionWorker,
    ShownClick,
    ShownEvent,
    ShownField,
    WorkerPartition,
)
from tests.unit.console.desk import FakeDesk, FakeLedger, FakeSessions, fake_desk
from tests.unit.console.hostile import Letters, Standing, Told

NOW_MS = time.time_ns() // 1_000_000
MINUTE_MS = 60_000
META, TIKTOK = ("shop", "meta", "1111111111"), ("other", "tiktok", "CTESTPIXEL")
# what some pages are asked for, to show the most
PLACES = {"/trace": "?event_id=order-1000", "/sessions/one": "?key=shop%7Cvisit-1", "/dead": "?jobs=1&do=drop"}
WHATS = (
    ("delivered", "delivered"),
    ("flushed", "purchase"),
    ("retry", "throttled 80004"),
    ("parked", "invalid 100/2804050"),
    ("rejected", "is not JSON"),
    ("queued", ""),
)
DONE = (
    ("login", "console", "done"),
    ("pause", "meta 1111111111", "done"),
    ("replay", "parked: platform=meta reason=190", "812 replayed"),
    ("erase", "em 973dfe46", "asked"),
    ("drop", "parked: reason=unreadable", "3 dropped"),
)


def filled_desk(folder: Path) -> FakeDesk:
    desk = fake_desk(folder)
    ledger, sessions = cast(FakeLedger, desk.ledger), cast(FakeSessions, desk.sessions)
    ledger.answers |= {
        queries.CountsOf: answers.Counts(points=tuple(_points())),
        queries.RecentOf: answers.Recent(lines=tuple(_lines())),
        queries.AuditOf: answers.Audit(entries=tuple(_entries())),
        queries.TraceOf: answers.Traces(events=(_trace(),)),
        queries.SessionOf: answers.Traces(events=(_trace(),)),
        queries.QualityOf: answers.Quality(rows=tuple(_quality())),
        queries.RejectsOf: answers.Rejects(reasons=_reasons()),
        queries.HoldsOf: answers.Holds(visits=2, events=17),
        queries.ClusterOf: answers.Cluster(workers=(_ledger_worker(),), missing=("http://10.0.0.9:8070",)),
    }
    rows = tuple(_row(number) for number in range(12))
    sessions.found = SessionList(rows=rows, after="1:shop|visit-12", found=4_711, looked_at=5_000)
    sessions.view, sessions.seen = _view(), _workers()
    return desk


def fill_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pages ask beside the desk: RabbitMQ, Redis, Kafka and Meta."""
    pause = Pause(who="ada", since_ms=NOW_MS - 20 * MINUTE_MS, why="prices of the feed are wrong")

    async def pauses(_: object) -> tuple[dict[Lane, Pause], str]:
        return {META[1:]: pause}, ""

    own = Own(tenant="shop", pixel_id=META[2], why="The token may not read the Dataset Quality API.")
    scores = (EventQuality(event_name="Purchase", score=6.3, coverage={"email": 71.0, "phone": 20.5}),)
    other = Own(tenant="shop", pixel_id="2222222222", events=scores)
    letters, standing = Letters(""), Standing("")
    letters.work, letters.seen = _work(), _look()
    standing.lag.answer = [_lag("sessions", 0), _lag("dispatch", 12), _lag("ledger", 4_711), _never("visitors")]
    standing.queues.answer = [
        Depth(queue=name, ready=ready, unacked=unacked)
        for name, ready, unacked in (
            ("meta_queue", 120, 8),
            ("tiktok_queue", 0, 0),
            ("retry_300s", 812, 0),
            ("retry_21600s", 3, 0),
            ("capi_parked", 42, 0),
        )
    ]
    known = people.People()
    known.work = _erased()
    monkeypatch.setattr(pages_dead, "dead_letters", lambda _: letters)
    monkeypatch.setattr(pages_people, "people_of", lambda _: known)
    monkeypatch.setattr(pages_quality, "own_qualities", lambda _: Told((own, other)))
    for page in (pages_overview, pages_cluster):
        monkeypatch.setattr(page, "standing", lambda _: standing)
    monkeypatch.setattr(destinations, "_pauses", pauses)


# -- the ledger


def _points() -> Iterator[answers.Point]:
    for number in range(60):
        at_ms = NOW_MS - NOW_MS % MINUTE_MS - (number + 1) * MINUTE_MS
        own = {"events": 40 + number * 7 % 30, "batches": 6, "flush_idle": 4, "flush_purchase": 2, "enriched": 12}
        yield answers.Point(at_ms=at_ms, tenant="shop", counts=own | {"rejected": number % 3})
        for tenant, platform, pixel_id in (META, TIKTOK):
            counts = {
                "queued": 40,
                "attempts": 41,
                "delivered": 38 + number % 5,
                "throttled": number % 4,
                "posts": 5,
            }
            ages = {"age_5": 10, "age_1800": 25, "age_3600": 3, "purchase_age_1": 2, "post_200": 9, "post_1500": 1}
            ill = (
                {"misconfigured": 5, "probe_ms": NOW_MS + 7 * MINUTE_MS, "queued": 9}
                if platform == "tiktok" and number < 5
                else {}
            )
            healthy = {} if ill else counts
            yield answers.Point(
                at_ms=at_ms, tenant=tenant, platform=platform, pixel_id=pixel_id, counts=healthy | ages | ill
            )


def _lines() -> Iterator[answers.Line]:
    for number, (kind, what) in enumerate(WHATS * 6):
        tenant, platform, pixel_id = (META, TIKTOK)[number % 2]
        lane = {} if kind in ("flushed", "rejected") else {"platform": platform, "pixel_id": pixel_id}
        yield answers.Line(
            line_id=str(number),
            at_ms=NOW_MS - number * 1_500,
            kind=kind,
            tenant=tenant,
            session_id=f"visit-{number % 5}",
            event_id=f"order-{1_000 + number}",
            event_name=("Purchase", "ViewContent", "AddToCart")[number % 3],
            what=what,
            **lane,
        )


def _entries() -> Iterator[Noted]:
    for number, (what, target, result) in enumerate(DONE * 11):
        yield Noted(
            note_id=f"{number:03}",
            at_ms=NOW_MS - number * 100_000,
            who="ada",
            what=what,
            target=target,
            tenant="" if what == "login" else "shop",
            why="wrong prices since noon" if what == "pause" else "",
            result=result,
        )


def _trace() -> answers.EventTrace:
    attempt = answers.AttemptTrace(
        at_ms=NOW_MS - 5_000,
        attempt=1,
        outcome="throttled",
        code="80004",
        why="too many calls",
        http_status=400,
        latency_ms=120,
        retry_in_s=300,
        trace_id="AbCd",
    )
    taken = answers.AttemptTrace(at_ms=NOW_MS, attempt=2, outcome="delivered", http_status=200, latency_ms=90)
    job = answers.JobTrace(
        platform="meta",
        pixel_id=META[2],
        event_name="Purchase",
        state="delivered",
        queued_ms=NOW_MS - 57_000,
        score=8.1,
        age_ms=55_000,
        attempts=(attempt, taken),
    )
    return answers.EventTrace(
        tenant="shop",
        session_id="visit-1",
        event_id="order-1000",
        event_name="Purchase",
        event_time_ms=NOW_MS - 60_000,
        received_ms=NOW_MS - 59_000,
        opened_ms=NOW_MS - 300_000,
        flushed_ms=NOW_MS - 58_000,
        reason="purchase",
        batch_id="b1",
        partition=1,
        offset=77,
        consent="granted",
        browser_fired=("meta",),
        fields=("em", "fbp", "client_ip"),
        backfilled={"em": "login-3"},
        digests={"em": "973dfe46"},
        jobs=(job,),
    )


def _quality() -> Iterator[answers.QualityRow]:
    for platform, pixel_id in (META[1:], ("meta", "2222222222"), TIKTOK[1:]):
        for number, name in enumerate(("Purchase", "ViewContent", "AddToCart")):
            yield answers.QualityRow(
                tenant="shop",
                platform=platform,
                pixel_id=pixel_id,
                event_name=name,
                events=1_000,
                own={"em": 400 - 100 * number, "fbp": 900, "client_ip": 1_000},
                backfilled={"em": 300},
                score_sum=6_200 - 900 * number,
                scored=1_000,
                delivered=950,
                merged=600,
                discarded=40,
                twice=1,
                alone=309,
                ages={"age_30": 500, "age_1800": 400, "age_14400": 50},
            )


def _reasons() -> tuple[answers.ReasonCount, ...]:
    first = answers.ReasonCount("is not JSON", "", "", "", 12, NOW_MS)
    return first, answers.ReasonCount("is no currency", "custom_data.currency", "shop", "meta", 4, NOW_MS)


def _ledger_worker() -> answers.WorkerSeen:
    return answers.WorkerSeen(url="http://10.0.0.8:8070", partitions=(0, 1), events=123_456)


# -- the session workers


def _row(number: int) -> SessionRow:
    is_open = number % 4 != 3
    return SessionRow(
        tenant=("shop", "other")[number % 2],
        session_id=f"visit-{number}",
        partition=number % 4,
        status="open" if is_open else "closed",
        held=3 if is_open else 0,
        held_bytes=2_900 if is_open else 0,
        first_ms=NOW_MS - 600_000,
        last_ms=NOW_MS - number * 7_000,
        due_ms=NOW_MS + 90_000 + number * 30_000,
        why="idle" if is_open else "grace",
        known=("em", "fbp", "fbc", "client_ip")[: number % 5],
    )


def _view() -> SessionView:
    events = (
        ShownEvent(
            event_id="view-1",
            event_name="ViewContent",
            event_time_ms=NOW_MS,
            at_ms=NOW_MS,
            offset=71,
            own=("fbp",),
            backfilled={"em": "login-3"},
            browser_fired=("meta",),
            consent="granted",
        ),
        ShownEvent(
            event_id="login-3", event_name="Login", event_time_ms=NOW_MS, at_ms=NOW_MS, offset=72, own=("em",)
        ),
    )
    identity = {
        "em": ShownField(shown="973dfe46", source="login-3"),
        "fbp": ShownField(shown="present", source="visitor:fbp"),
    }
    click = ShownClick(field="fbc", shown="present", first_ms=NOW_MS - 300_000, source="view-1")
    return SessionView(row=_row(1), events=events, identity=identity, clicks=(click,), seen=9, last_offset=77)


def _workers() -> SessionCluster:
    def part(number: int) -> WorkerPartition:
        return WorkerPartition(
            partition=number, sessions=1_180, held=3_400, read=91_000, end=91_012, lag=12, undecided=4
        )

    return SessionCluster(
        workers=(
            SessionWorker(url="http://10.0.0.5:8060", state="ready", partitions=(part(0), part(1))),
            SessionWorker(url="http://10.0.0.6:8060", state="recovering", partitions=(part(2),)),
            SessionWorker(url="http://10.0.0.7:8060", state="ready"),
        ),
        missing=("http://10.0.0.4:8060",),
    )


# -- the others


def _lag(role: str, lag: int) -> Lag:
    return Lag(
        group=f"test-console-{role}",
        topic="test-console.batches",
        partition=0,
        committed=1,
        end=1 + lag,
        lag=lag,
        age_s=lag / 7 if lag else None,
    )


def _never(role: str) -> Lag:
    return Lag(group=f"test-console-{role}", topic="test-console.visitors.in", partition=0, committed=None, end=9)


def _work() -> Work:
    return Work(
        kind="replay",
        who="ada",
        target="parked: platform=meta reason=190",
        started_ms=NOW_MS,
        ended_ms=NOW_MS,
        done=812,
        seen=900,
        there=900,
    )


def _erased() -> people.Work:
    held = Held(before=5, after=None)
    work = people.Work(who="ada", tenant="shop", target="ph 1b0cf3a2, ph_e164 77d2e0c4", started_ms=NOW_MS)
    found = Forgotten(sent=[], events=2, memories=3, waits_for=["visitors"])
    work.take(Result(found, held, ["RabbitMQ does not answer: see `capi doctor`"]))
    work.ended_ms = NOW_MS
    return work


def _look() -> Look:
    at_ms = NOW_MS - 3_600_000
    groups = (
        Group(
            status="misconfigured 190",
            why="the token has expired",
            count=812,
            oldest_ms=at_ms,
            newest_ms=NOW_MS,
            pixels=Counter({"meta:1111111111": 812}),
        ),
        Group(
            status="invalid 100/2804050",
            why="no match key",
            count=7,
            oldest_ms=at_ms,
            newest_ms=NOW_MS,
            pixels=Counter({"meta:1111111111": 7}),
        ),
    )
    job = {"platform": "meta", "pixel_id": META[2], "event_name": "Purchase", "event": {"event_id": "order-1000"}}
    shown = ({"status": "misconfigured 190", "job": job}, {"status": "unreadable", "job": None, "bytes": 31})
    return Look(at_ms=NOW_MS, groups=groups, jobs=shown, there=822, seen=822)
