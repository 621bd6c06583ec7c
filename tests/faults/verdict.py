"""Was anything lost? In the words of RabbitMQ's Jepsen suite, from collected data only.

attempted   events that the feeder tried to send       lost        accepted, but never came out
accepted    of these, acknowledged by a door           duplicated  came out more than once
delivered   different events that came out             unexpected  came out, but should not have
                                                       recovered   came out though never acknowledged
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from streams.events import Batch, Reject, encode
from tests.faults.plan import Plan, Planned, email_hash
from tests.faults.story import Story

NOT_SENT = {"meta": {"Identify"}, "tiktok": {"Identify", "PageView"}}  # TikTok has no PageView
EXAMPLES = 10
FORBIDDEN = (
    "batch_ids_twice",
    "copies_differ",
    "events_in_two_batches",
    "not_enriched",
    "strangers",
    "rejected",
    "in_clear",
    "mirror_differences",
    "ledger_differences",
)
Delivery = tuple[str, str, str]  # platform, pixel, event id


class Landed(msgspec.Struct, frozen=True):
    """One line of the platforms' ledger: an event of a pixel, how often it was accepted, when first (Unix ms)."""

    platform: str
    pixel_id: str
    event_id: str
    count: int
    first_ms: int = 0


class Collected(msgspec.Struct, frozen=True):
    """Everything a run left behind. `landed` is None when only the session stage was run; `in_clear` counts the
    personal data that reached a platform unhashed. `arrivals` are the log times (ms) of each event's copies in
    `sessions.in`, in the log's order; a session remembers an id for `remembers_ms` at least. `accepted_ms`: when
    a door acknowledged each event (Unix ms). `told`: what the ledger says is delivered, None when nobody asked it;
    `asked`: of which events, None for all.
    """

    accepted: frozenset[str]
    batches: Sequence[Batch]
    rejects: Sequence[Reject] = ()
    landed: Sequence[Landed] | None = None
    in_clear: int = 0
    arrivals: Mapping[str, Sequence[int]] = {}
    remembers_ms: int = 0
    accepted_ms: Mapping[str, int] = {}
    told: frozenset[Delivery] | None = None
    asked: frozenset[str] | None = None
    mirror_differences: int = 0


class Row(msgspec.Struct, frozen=True):
    """The account of one stage: `what` is "batches" or a platform."""

    what: str
    attempted: int
    accepted: int
    delivered: int
    lost: int
    duplicated: int
    unexpected: int
    recovered: int
    lost_ids: tuple[str, ...] = ()
    unexpected_ids: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """`duplicates_bound` is the most platform duplicates that the faults of the run excuse. `came_too_late` are
    events that left twice because a fault held their second copy back for longer than a session remembers ids:
    that is what the grace promises, so they are counted, not blamed. `not_enriched` of the `certainly_known`
    events lack the e-mail. `recognised` events have it from an earlier visit, `strangers` another visitor's."""

    rows: tuple[Row, ...]
    batches: int
    batch_ids_twice: int
    copies_differ: int
    events_in_two_batches: int
    came_too_late: int
    certainly_known: int
    not_enriched: int
    recognised: int
    strangers: int
    rejected: int
    in_clear: int
    duplicates_bound: int
    mirror_differences: int = 0  # lists in Redis that are not as the session workers say
    ledger_differences: int = 0  # deliveries that only the ledger, or only a platform, knows of
    worst_delay_s: float = 0.0  # from accepted to the platform

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(_problems(self))

    @property
    def platform_duplicates(self) -> int:
        return sum(row.duplicated for row in self.rows if row.what != "batches")


def judge(plan: Plan, collected: Collected, duplicates_bound: int = 0) -> Verdict:
    """The whole verdict. Pure: same data, same verdict."""
    events = plan.events()
    out = Counter(enriched.event.event_id for batch in collected.batches for enriched in batch.events)
    copies, story = _copies(collected.batches), Story(events, collected.arrivals)
    twice = {event_id for event_id, count in _batches_per_event(collected.batches).items() if count > 1}
    late = {event_id for event_id in twice if _came_too_late(collected, event_id)}
    return Verdict(
        rows=(_batches_row(events, collected, out), *_platform_rows(events, collected)),
        batches=len(copies),
        batch_ids_twice=sum(len(found) > 1 for found in copies.values()),
        copies_differ=sum(len(set(found)) > 1 for found in copies.values()),
        events_in_two_batches=len(twice - late),
        came_too_late=len(late),
        certainly_known=sum(len(batch.events) for batch in collected.batches if story.knows(batch)),
        not_enriched=sum(_not_enriched(story, batch) for batch in collected.batches),
        recognised=sum(map(_recognised, collected.batches)),
        strangers=sum(map(_strangers, collected.batches)),
        rejected=len(collected.rejects),
        in_clear=collected.in_clear,
        duplicates_bound=duplicates_bound,
        mirror_differences=collected.mirror_differences,
        ledger_differences=_ledger_differences(collected),
        worst_delay_s=_worst_delay_s(collected),
    )


def taken(collected: Collected) -> set[Delivery]:
    """What the platforms took."""
    return {(line.platform, line.pixel_id, line.event_id) for line in collected.landed or ()}


def _ledger_differences(collected: Collected) -> int:
    if collected.told is None:
        return 0
    asked = collected.asked
    return len(collected.told ^ {line for line in taken(collected) if asked is None or line[2] in asked})


def _worst_delay_s(collected: Collected) -> float:
    """Over first deliveries only: a copy is not late, it is a copy."""
    known = collected.accepted_ms
    delays_ms = (line.first_ms - known[line.event_id] for line in collected.landed or () if line.event_id in known)
    return round(max(delays_ms, default=0) / 1000, 1)


def expected_on(events: Mapping[str, Planned], platform: str) -> set[str]:
    """Ids that must reach the platform."""
    return {event.event_id for event in events.values() if event.event_name not in NOT_SENT[platform]}


def pixel_of(platform: str, shop: str) -> str:
    return f"{platform}-{shop}"


def _copies(batches: Iterable[Batch]) -> dict[str, list[bytes]]:
    copies: dict[str, list[bytes]] = {}
    for batch in batches:
        copies.setdefault(batch.batch_id, []).append(encode(batch))
    return copies


def _batches_per_event(batches: Iterable[Batch]) -> Counter[str]:
    places = {(batch.batch_id, enriched.event.event_id) for batch in batches for enriched in batch.events}
    return Counter(event_id for _, event_id in places)


def _came_too_late(collected: Collected, event_id: str) -> bool:
    times = sorted(collected.arrivals.get(event_id, ()))
    return any(later - earlier >= collected.remembers_ms for earlier, later in pairwise(times))


def _batches_row(events: Mapping[str, Planned], collected: Collected, out: Counter[str]) -> Row:
    wanted = {event.event_id for event in events.values() if event.event_name != "Identify"}
    return _row("batches", wanted, collected.accepted, out)


def _platform_rows(events: Mapping[str, Planned], collected: Collected) -> Iterator[Row]:
    if collected.landed is None:
        return
    for platform in NOT_SENT:
        landed = Counter[str]()
        for line in collected.landed:
            if line.platform == platform:
                landed[_landed_name(events, line)] += line.count
        yield _row(platform, expected_on(events, platform), collected.accepted, landed)


def _landed_name(events: Mapping[str, Planned], line: Landed) -> str:
    """The event's id; on a pixel that is not its shop's, a name that nobody planned."""
    planned = events.get(line.event_id)
    at_home = planned is not None and line.pixel_id == pixel_of(line.platform, planned.shop)
    return line.event_id if at_home else f"{line.pixel_id}:{line.event_id}"


def _row(what: str, wanted: set[str], accepted: frozenset[str], out: Counter[str]) -> Row:
    lost = sorted((wanted & accepted) - out.keys())
    unexpected = sorted(out.keys() - wanted)
    return Row(
        what=what,
        attempted=len(wanted),
        accepted=len(wanted & accepted),
        delivered=len(out),
        lost=len(lost),
        duplicated=sum(count - 1 for count in out.values()),
        unexpected=len(unexpected),
        recovered=len((wanted - accepted) & out.keys()),
        lost_ids=tuple(lost[:EXAMPLES]),
        unexpected_ids=tuple(unexpected[:EXAMPLES]),
    )


def _not_enriched(story: Story, batch: Batch) -> int:
    """Events of the batch without the e-mail that was certainly known."""
    person = email_hash(batch.session_id)
    missing = [enriched for enriched in batch.events if person not in enriched.event.user.em]
    return len(missing) if missing and story.knows(batch) else 0


def _recognised(batch: Batch) -> int:
    return sum(enriched.backfilled.get("em", "").startswith("visitor:") for enriched in batch.events)


def _strangers(batch: Batch) -> int:
    person = email_hash(batch.session_id)
    return sum(enriched.event.user.em not in ((), (person,)) for enriched in batch.events)


def _problems(verdict: Verdict) -> Iterator[str]:
    for row in verdict.rows:
        if row.lost:
            yield f"{row.what}: {row.lost} lost, for example {', '.join(row.lost_ids)}"
        if row.unexpected:
            yield f"{row.what}: {row.unexpected} unexpected, for example {', '.join(row.unexpected_ids)}"
    for name in FORBIDDEN:
        if count := getattr(verdict, name):
            yield f"{count} {name.replace('_', ' ')}"
    if verdict.platform_duplicates > verdict.duplicates_bound:
        yield f"{verdict.platform_duplicates} platform duplicates, at most {verdict.duplicates_bound} excused"
