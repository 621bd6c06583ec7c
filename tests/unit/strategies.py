"""Random logs for the session rules: few names and small limits, so that everything collides often.

A log is a list of `Entry` in offset order. Offsets have gaps (as Kafka's do after a transaction), which also
leaves room to put ticks between two records without moving any offset.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from streams.effects import Arrival, Effect
from streams.events import Command, Erase, Event, Flush, Forget, Identity, Recalled, UserData, encode
from streams.session import IDENTIFY
from streams.session_state import Limits
from streams.tenants import Hold
from streams.windows import Windows

GAP = 100  # offsets between two records
SMALL = Limits(idle_ms=100, max_age_ms=400, grace_ms=50, merge_ms=30, recall_ms=20, max_events=4, max_bytes=4_000)
HOLDS: dict[str, Hold] = {"wait": "session", "some": "adaptive", "now": "immediate"}
BACK = "back-"  # tenants of this prefix remember returning visitors
PARTITIONS = {("wait", "a"): 0, ("wait", "b"): 1, ("some", "a"): 0, ("some", "b"): 0, ("now", "a"): 1}
PARTITIONS_BACK = {(BACK + tenant, session_id): part for (tenant, session_id), part in PARTITIONS.items()}
PARTITION_OF = PARTITIONS | PARTITIONS_BACK


class Entry(NamedTuple):
    """One record of `sessions.in`: an event, a message, or a tick, which is neither."""

    partition: int
    offset: int
    at_ms: int
    event: Event | None
    message: Recalled | Erase | Command | None = None

    @property
    def arrival(self) -> Arrival:
        assert self.event is not None
        event = self.event
        return Arrival(event.key, self.partition, self.offset, self.at_ms, event, encode(event))


def fed(windows: Windows, entry: Entry) -> list[Effect]:
    """What an entry makes the rules do."""
    if entry.event is not None:
        return windows.arrive(entry.arrival)
    if isinstance(entry.message, Recalled):
        return windows.answer(entry.partition, entry.message, entry.at_ms)
    if isinstance(entry.message, Flush | Forget):
        return windows.obey(entry.partition, entry.message, entry.at_ms)
    if isinstance(entry.message, Erase):
        return windows.erase(entry.partition, entry.message, entry.at_ms)[0]
    return windows.advance(entry.partition, entry.at_ms)


class Draft(NamedTuple):
    """An entry before it has its place in the log. `repeat`: with an earlier record's event id; of an answer,
    to an earlier record's question."""

    after_ms: int
    event: Event | None
    partition: int
    repeat: int | None
    message: Recalled | Erase | Command | None = None


def limits_of(key: bytes) -> Limits:
    tenant = key.partition(b"|")[0].decode()
    return msgspec.structs.replace(SMALL, hold=HOLDS[tenant.removeprefix(BACK)], remembers=tenant.startswith(BACK))


users = st.builds(
    UserData,
    em=st.sampled_from([(), (), ("mail1",), ("mail2",)]),
    external_id=st.sampled_from([(), (), ("x1",), ("x1", "x2")]),
    fbp=st.sampled_from(["", "", "fb.1.1.1"]),
    fbc=st.sampled_from([*[""] * 5, "fb.1.2.A", "fb.2.3.A.x", "fb.1.4.B"]),
    ttclid=st.sampled_from(["", "", "", "T1", "T2"]),
)
MAILS: tuple[str | tuple[str, ...], ...] = (("mail1",), ("mail2",))
NAMES: tuple[str | tuple[str, ...], ...] = (("name",),)
identities: st.SearchStrategy[Identity] = st.fixed_dictionaries(
    {}, optional={"em": st.sampled_from(MAILS), "fn": st.sampled_from(NAMES)}
)

custom_data: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"value": 12.5, "currency": "EUR"}, {"pad": "x" * 1_500}]
)


@st.composite
def events(draw: st.DrawFn, sessions: Collection[tuple[str, str]]) -> Event:
    """An event without its id; mostly ordinary, so that windows get to hold something."""
    tenant, session_id = draw(st.sampled_from(sorted(sessions)))
    return Event(
        event_id="",
        event_name=draw(st.sampled_from(["PageView", "PageView", "AddToCart", IDENTIFY, "Purchase"])),
        event_time_ms=draw(st.integers(0, 5)),
        tenant=tenant,
        session_id=session_id,
        fbclid=draw(st.sampled_from([*[""] * 5, "A", "B", "C"])),
        user=draw(users),
        custom_data=draw(custom_data),
        browser_fired=draw(st.sampled_from([(), ("meta",)])),
        consent=draw(st.sampled_from([*[""] * 6, "granted", "granted", "limited", "denied"])),
        replace_identity=draw(st.sampled_from([*[False] * 7, True])),
    )


# mostly short: a session must meet itself again before idle + grace, though others come between
gaps_ms = st.sampled_from([*[0] * 8, *[1, 5, 10] * 5, 20, 30, 30, 50, 70, 100, 150, 400, 2_000])
repeats = st.sampled_from([*[None] * 8, 1, 2])
event_drafts = st.builds(Draft, gaps_ms, events(PARTITIONS), st.just(0), repeats, st.none())
back_drafts = st.builds(Draft, gaps_ms, events(PARTITIONS_BACK), st.just(0), repeats, st.none())
tick_drafts = st.builds(Draft, gaps_ms, st.none(), st.sampled_from([0, 1]), st.none(), st.none())


@st.composite
def answers(draw: st.DrawFn) -> Draft:
    """An answer of the memory to one of the last questions, or to something that was none."""
    tenant, session_id = draw(st.sampled_from(sorted(PARTITIONS_BACK)))
    recalled = Recalled(
        tenant=tenant,
        session_id=session_id,
        visitor=draw(st.sampled_from(["external_id:x1", "external_id:x1", "fbp:fb.1.1.1"])),
        ask_id=0,
        identity=draw(identities),
    )
    return Draft(draw(gaps_ms), None, 0, draw(st.integers(0, 2)), recalled)


erasures = st.builds(
    Draft,
    gaps_ms,
    st.none(),
    st.sampled_from([0, 1]),
    st.none(),
    st.builds(
        Erase,
        tenant=st.sampled_from(sorted({tenant for tenant, _ in PARTITIONS_BACK})),
        field=st.just("em"),
        digest=st.sampled_from(["mail1", "mail2"]),
    ),
)


@st.composite
def commands(draw: st.DrawFn) -> Draft:
    tenant, session_id = draw(st.sampled_from(sorted(PARTITIONS_BACK)))
    command: Command = Flush(tenant=tenant, session_id=session_id)
    if draw(st.sampled_from([False, False, True])):
        command = Forget(tenant=tenant, session_id=session_id)
    return Draft(draw(gaps_ms), None, PARTITION_OF[tenant, session_id], None, command)


# one_of would take equal branches for one, sampled_from does not
drafts = st.sampled_from([*[event_drafts] * 4, tick_drafts]).flatmap(lambda chosen: chosen)
drafts_back = st.sampled_from([*[back_drafts] * 6, *[answers()] * 3, tick_drafts, erasures, commands()]).flatmap(
    lambda chosen: chosen
)


def place(log: list[Entry], draft: Draft) -> Entry:
    """Give a draft its partition, offset, time and event id behind `log`.

    One clock and one run of offsets for all partitions is a log that Kafka could have written. A repeat takes
    the id of an earlier event of the same session, if there is one.
    """
    offset = (len(log) + 1) * GAP
    at_ms = (log[-1].at_ms if log else 0) + draft.after_ms
    if isinstance(draft.message, Recalled):
        return _answer(log, draft.message, draft.repeat or 0, offset, at_ms)
    if draft.event is None:
        return Entry(draft.partition, offset, at_ms, None, draft.message)
    event = draft.event
    earlier = [e.event.event_id for e in log if e.event is not None and e.event.key == event.key]
    event_id = earlier[-(draft.repeat % len(earlier)) - 1] if draft.repeat and earlier else f"e{offset}"
    placed = {**{name: getattr(event, name) for name in Event.__struct_fields__}, "event_id": event_id}
    placed["custom_data"] = {**event.custom_data, "offset": offset}
    return Entry(PARTITION_OF[event.tenant, event.session_id], offset, at_ms, Event(**placed))


def _answer(log: list[Entry], recalled: Recalled, back: int, offset: int, at_ms: int) -> Entry:
    asked = [e.offset for e in log if e.event is not None and e.event.key == recalled.key and names_one(e.event)]
    ask_id = asked[-(back % len(asked)) - 1] if asked else 0
    partition = PARTITION_OF[recalled.tenant, recalled.session_id]
    return Entry(partition, offset, at_ms, None, msgspec.structs.replace(recalled, ask_id=ask_id))


def names_one(event: Event) -> bool:
    return bool(event.user.external_id or event.user.fbp)


def placed(drafted: list[Draft]) -> list[Entry]:
    log: list[Entry] = []
    for draft in drafted:
        log.append(place(log, draft))
    return log


# Hypothesis makes lists of about five unless told otherwise: too short for windows that close and open again
def logs(drafted: st.SearchStrategy[Draft]) -> st.SearchStrategy[list[Entry]]:
    return st.one_of(st.lists(drafted, max_size=10), st.lists(drafted, min_size=30, max_size=50)).map(placed)


histories = logs(drafts)
returning = logs(drafts_back)  # of visitors whom somebody remembers, with answers, erasures and commands
everything = st.one_of(histories, returning)
