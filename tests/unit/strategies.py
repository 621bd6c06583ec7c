"""Random logs for the session rules: few names and small limits, so that everything collides often.

A log is a list of `Entry` in offset order. Offsets have gaps (as Kafka's do after a transaction), which also
leaves room to put ticks between two records without moving any offset.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from streams.events import Event, UserData, encode
from streams.session import IDENTIFY, Arrival, Limits
from streams.tenants import Hold

GAP = 100  # offsets between two records
SMALL = Limits(idle_ms=100, max_age_ms=400, grace_ms=50, merge_ms=30, max_events=4, max_bytes=4_000)
HOLDS: dict[str, Hold] = {"wait": "session", "some": "adaptive", "now": "immediate"}
PARTITIONS = {("wait", "a"): 0, ("wait", "b"): 1, ("some", "a"): 0, ("some", "b"): 0, ("now", "a"): 1}


class Entry(NamedTuple):
    """One record of `sessions.in`; `event` None is a tick."""

    partition: int
    offset: int
    at_ms: int
    event: Event | None

    @property
    def arrival(self) -> Arrival:
        assert self.event is not None
        event = self.event
        return Arrival(event.key, self.partition, self.offset, self.at_ms, event, encode(event))


class Draft(NamedTuple):
    """An entry before it has its place in the log. `repeat`: with an earlier record's event id."""

    after_ms: int
    event: Event | None
    partition: int
    repeat: int | None


def limits_of(key: bytes) -> Limits:
    return limits_for(HOLDS[key.partition(b"|")[0].decode()])


def limits_for(hold: Hold) -> Limits:
    return Limits(
        idle_ms=SMALL.idle_ms,
        max_age_ms=SMALL.max_age_ms,
        grace_ms=SMALL.grace_ms,
        merge_ms=SMALL.merge_ms,
        max_events=SMALL.max_events,
        max_bytes=SMALL.max_bytes,
        hold=hold,
    )


users = st.builds(
    UserData,
    em=st.sampled_from([(), (), ("e1",), ("e2",)]),
    external_id=st.sampled_from([(), (), ("x1",), ("x1", "x2")]),
    fbp=st.sampled_from(["", "", "fb.1.1.1"]),
)

custom_data: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"value": 12.5, "currency": "EUR"}, {"pad": "x" * 1_500}]
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event without its id; mostly ordinary, so that windows get to hold something."""
    tenant, session_id = draw(st.sampled_from(sorted(PARTITIONS)))
    return Event(
        event_id="",
        event_name=draw(st.sampled_from(["PageView", "PageView", "AddToCart", IDENTIFY, "Purchase"])),
        event_time_ms=draw(st.integers(0, 5)),
        tenant=tenant,
        session_id=session_id,
        user=draw(users),
        custom_data=draw(custom_data),
        browser_fired=draw(st.sampled_from([(), ("meta",)])),
        consent=draw(st.sampled_from(["", "", "", "granted", "denied"])),
        replace_identity=draw(st.sampled_from([*[False] * 7, True])),
    )


# mostly short: a session must meet itself again before idle + grace, though others come between
gaps_ms = st.sampled_from([*[0] * 8, *[1, 5, 10] * 5, 20, 30, 30, 50, 70, 100, 150, 400, 2_000])
event_drafts = st.builds(Draft, gaps_ms, events(), st.just(0), st.sampled_from([*[None] * 8, 1, 2]))
tick_drafts = st.builds(Draft, gaps_ms, st.none(), st.sampled_from([0, 1]), st.none())
# one_of would take equal branches for one, sampled_from does not
drafts = st.sampled_from([*[event_drafts] * 4, tick_drafts]).flatmap(lambda chosen: chosen)


def place(log: list[Entry], draft: Draft) -> Entry:
    """Give a draft its partition, offset, time and event id behind `log`.

    One clock and one run of offsets for all partitions is a log that Kafka could have written. A repeat takes
    the id of an earlier event of the same session, if there is one.
    """
    offset = (len(log) + 1) * GAP
    at_ms = (log[-1].at_ms if log else 0) + draft.after_ms
    if draft.event is None:
        return Entry(draft.partition, offset, at_ms, None)
    event = draft.event
    earlier = [e.event.event_id for e in log if e.event is not None and e.event.key == event.key]
    event_id = earlier[-(draft.repeat % len(earlier)) - 1] if draft.repeat and earlier else f"e{offset}"
    placed = {**{name: getattr(event, name) for name in Event.__struct_fields__}, "event_id": event_id}
    placed["custom_data"] = {**event.custom_data, "offset": offset}
    return Entry(PARTITIONS[event.tenant, event.session_id], offset, at_ms, Event(**placed))


def placed(drafted: list[Draft]) -> list[Entry]:
    log: list[Entry] = []
    for draft in drafted:
        log.append(place(log, draft))
    return log


# Hypothesis makes lists of about five unless told otherwise: too short for windows that close and open again
histories = st.one_of(st.lists(drafts, max_size=10), st.lists(drafts, min_size=30, max_size=50)).map(placed)
