"""Every answer of the platforms against a delivery worker on a real RabbitMQ.

What it did is docs/platforms-codes.md: `make codes` writes the page anew, otherwise it must be what was seen.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.platforms import Platforms
from agents.platforms.behaviour import Order
from sinks.deliver.counters import GAP, POSTS
from sinks.deliver.lanes import Lane
from sinks.deliver.worker import QueueWorker
from sinks.outcomes import Outcomes
from streams.events import Outcome, OutcomeClass
from streams.settings import Settings
from tests.integration.platform_answers import CULPRIT, EVENTS, Told, all_answers
from tests.integration.test_deliver import delivering, job, publish
from tests.rabbit import eventually, rabbit_settings, ready

pytestmark = pytest.mark.stack

PAGE = Path(__file__).parents[2] / "docs/platforms-codes.md"
CLASSES: tuple[OutcomeClass, ...] = ("delivered", "transient", "throttled", "misconfigured", "invalid")
HEAD = f"""# What delivery makes of each answer
Written by `make codes` from a run, and held to it by tests/integration/test_codes.py: a delivery worker with a
real RabbitMQ, `capi platforms` for Meta and TikTok, a pixel for each answer, {EVENTS} events in its first POST,
and the default ladder. Where one event is at fault, only requests that hold it are refused. The body decides,
never the HTTP status alone.

- **acked**: RabbitMQ may forget the job. **rung**: the job comes back after so long, as its next attempt.
- **lane stopped**: this pixel's jobs stay, are not counted as tried, and one of them is a probe now and then; one
  alarm.
- **lane slowed**: fewer POSTs a second for this pixel, and a little more each minute.
- **parked**: for people to look at (`capi dead`); the reason is in the job's headers.
"""


class Seen(msgspec.Struct):
    """What became of one pixel's jobs."""

    told: Told
    posts: int
    missed: int
    lane: Lane
    outcomes: list[Outcome]

    @property
    def classes(self) -> set[str]:
        return {outcome.outcome for outcome in self.outcomes}

    def did(self) -> str:
        moves = Counter(_move(outcome) for outcome in self.outcomes)
        parts = [f"{count} {move}" for move, count in sorted(moves.items())]
        parts += [f"{self.posts} POSTs"] if self.posts > 1 else []
        parts += [f"alarm: {self.missed} not counted"] if self.missed else []
        parts += sorted({f"alarm: {o.why}" for o in self.outcomes if o.outcome == "delivered" and o.why})
        parts += ["lane stopped"] if self.lane.state == "stopped" else []
        parts += [f"lane slowed to {self.lane.rate.limit:g} POST/s"] if self.lane.rate.limited else []
        return "; ".join(parts)


def _move(outcome: Outcome) -> str:
    if outcome.parked:
        return f"parked: {outcome.why}"
    return f"rung {outcome.retry_in_s:g} s" if outcome.retry_in_s else "acked"


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Outcome]]:
    """Outcome records by pixel, caught on their way to Kafka."""
    found: dict[str, list[Outcome]] = defaultdict(list)

    async def tell(_: Outcomes, made: Collection[Outcome]) -> None:
        for outcome in made:
            found[outcome.pixel_id].append(outcome)

    monkeypatch.setattr(Outcomes, "tell", tell)
    return found


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Lane]:
    """The lanes of all queues by pixel."""
    found: dict[str, Lane] = {}
    make = QueueWorker._lane_of

    def remembered(self: QueueWorker, letter: Any) -> Any:
        worker = make(self, letter)
        found[letter.job.pixel_id] = worker.lane
        return worker

    monkeypatch.setattr(QueueWorker, "_lane_of", remembered)
    return found


@pytest.fixture
def answers() -> dict[str, Told]:
    """By pixel."""
    return {f"P{number}": told for number, told in enumerate(all_answers())}


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms, answers: dict[str, Told]) -> Iterator[Settings]:
    destination = '[[tenants.default.destinations]]\nplatform = "{}"\npixel_id = "{}"\ntoken = "env:TEST_TOKEN"\n'
    text = "".join(destination.format(told.platform, pixel) for pixel, told in answers.items())
    (tmp_path / "codes.toml").write_text(f"[tenants.default]\n{text}")
    own: dict[str, Any] = {
        "retry_s": (300, 900, 3600, 21600),
        "prefetch": 4000,
        "post_events": EVENTS,
        "post_wait_s": 60,
        "post_timeout_s": 5,  # some hundred POSTs begin at once
        "deliver_port": 0,
    }
    with rabbit_settings(tmp_path, meta_url=platforms.url, tiktok_url=platforms.url, **own) as made:
        yield made.model_copy(update={"tenants": tmp_path / "codes.toml"})


async def test_every_answer_has_its_line_in_the_page(
    settings: Settings,
    platforms: Platforms,
    answers: dict[str, Told],
    outcomes: dict[str, list[Outcome]],
    lanes: dict[str, Lane],
) -> None:
    for pixel, told in answers.items():
        platforms.orders.give(_order(pixel, told))
    jobs = [
        job(n, platform=told.platform, pixel=pixel, event_id=f"{pixel}-{n}")
        for pixel, told in answers.items()
        for n in range(EVENTS)
    ]
    await publish(settings, jobs)
    async with delivering(settings, "meta_queue", "tiktok_queue"):

        async def all_known() -> bool:
            return all(len(outcomes[pixel]) >= EVENTS for pixel in answers)

        await eventually(all_known, 40, "an outcome for every job")
    seen = [_seen(pixel, told, lanes[pixel], outcomes[pixel]) for pixel, told in answers.items()]
    wrong = {one.told.what: one.classes for one in seen if one.classes - {one.told.means, "delivered"}}
    assert wrong == {}
    assert [one.told.what for one in seen if one.told.means not in one.classes] == []
    assert [one.told.what for one in seen if len(one.outcomes) != EVENTS] == []
    parked = sum(outcome.parked for one in seen for outcome in one.outcomes)
    assert await ready(settings, "capi_parked") == parked
    page = HEAD + "".join(
        _section(title, [one for one in seen if one.told.platform == name]) for title, name in BOTH
    )
    if os.environ.get("CODES") == "write":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "see what changed with `make codes` and git diff"


BOTH = (("Meta", "meta"), ("TikTok", "tiktok"))


def _order(pixel: str, told: Told) -> Order:
    if told.mode != "answer":
        return Order(mode=told.mode, pixel=pixel)
    return Order(
        mode="answer",
        pixel=pixel,
        status=told.status,
        headers=told.headers,
        body=told.body,
        event_id=f"{pixel}-{CULPRIT}" if told.one_event else "",
    )


def _seen(pixel: str, told: Told, lane: Lane, outcomes: list[Outcome]) -> Seen:
    posts = sum(POSTS.labels(told.platform, pixel, name)._value.get() for name in CLASSES)
    return Seen(told, int(posts), int(GAP.labels(told.platform, pixel)._value.get()), lane, outcomes)


def _section(title: str, seen: list[Seen]) -> str:
    lines = [f"\n## {title}\n| answer | HTTP | body | class | the worker |\n|---|---|---|---|---|\n"]
    for name in CLASSES:
        of_class = [one for one in seen if one.told.means == name]
        for (what, did), same in groupby(of_class, key=lambda one: (one.told.what, one.did())):
            lines.append(_line(what, did, [one.told for one in same]))
    return "".join(lines)


def _line(what: str, did: str, same: list[Told]) -> str:
    statuses = ", ".join(dict.fromkeys(str(told.status or "none") for told in same))
    body = same[0].body.replace("told by order", "…")
    shown = f"`{body[:90]}{'…' if len(body) > 90 else ''}`" if body else "empty" if same[0].status else "none"
    if len({told.body for told in same}) > 1:
        shown += " and alike"
    return f"| {what} | {statuses} | {shown.replace('|', chr(92) + '|')} | {same[0].means} | {did} |\n"
