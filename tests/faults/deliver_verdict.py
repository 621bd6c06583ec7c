"""Was a job lost between RabbitMQ and a platform? From collected data only, in the words of verdict.py.

A duplicate is excused when its event was in flight: taken by the platform, or in a POST, when the worker died and
not yet remembered; or taken by a platform that did not say so. Nothing else excuses one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from sinks.topology import routing_key
from streams.events import Job

EXAMPLES = 5


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial left behind, by event id. `came_home` are event id, routing key and attempt of every return
    from a rung; `left` the messages in each queue after the worker's end; `most_in_hand` the jobs that one strike
    can cost the count of an attempt: their worker never said that it had failed."""

    jobs: Mapping[str, Job]
    accepted: frozenset[str]
    taken: Mapping[str, int]
    failed: Mapping[str, int]
    excused: Mapping[str, int]
    came_home: Sequence[tuple[str, str, int]]
    left: Mapping[str, int]
    strikes: int
    exits: Sequence[int]
    most_in_hand: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The account of one trial. `in_flight` is the most duplicates that are excused, `recovered` what came out
    though RabbitMQ never confirmed it; `came_home` counts jobs, `astray` those with another routing key,
    `overcounted` those with more attempts than failures, `undercounted` with fewer. `recovered_s` is from the
    fault's end to the last job's."""

    fault: str
    seed: int
    strikes: int
    attempted: int
    accepted: int
    delivered: int
    lost: int
    duplicated: int
    in_flight: int
    unexpected: int
    recovered: int
    came_home: int
    astray: int
    overcounted: int
    undercounted: int
    left: dict[str, int]
    exits: list[int]
    recovered_s: float
    took_s: float
    problems: tuple[str, ...]


def judge(fault: str, seed: int, found: Found, recovered_s: float, took_s: float) -> Report:
    """The report; its `problems` are empty when delivery kept its word."""
    counts = _attempts(found)
    known = found.taken.keys() & found.jobs.keys()
    return Report(
        fault=fault,
        seed=seed,
        strikes=found.strikes,
        attempted=len(found.jobs),
        accepted=len(found.accepted),
        delivered=len(known),
        lost=len(found.accepted - found.taken.keys()),
        duplicated=sum(found.taken.values()) - len(found.taken),
        in_flight=sum(found.excused.values()),
        unexpected=len(found.taken.keys() - found.jobs.keys()),
        recovered=len(known - found.accepted),
        came_home=len({event_id for event_id, _, _ in found.came_home}),
        astray=len(_astray(found)),
        overcounted=counts["over"],
        undercounted=counts["under"],
        left={queue: count for queue, count in found.left.items() if count},
        exits=list(found.exits),
        recovered_s=recovered_s,
        took_s=took_s,
        problems=tuple(_problems(found, counts)),
    )


def _attempts(found: Found) -> Counter[str]:
    """Each job's last attempt against its failures: one more, or the count went wrong."""
    highest: dict[str, int] = {}
    for event_id, _, attempt in found.came_home:
        highest[event_id] = max(attempt, highest.get(event_id, 1))
    counts: Counter[str] = Counter()
    for event_id in found.jobs:
        difference = highest.get(event_id, 1) - 1 - found.failed.get(event_id, 0)
        if difference > found.excused.get(event_id, 0):  # a worker may not have heard that it went well
            counts["over"] += 1
        elif difference < 0:
            counts["under"] += 1
    return counts


def _astray(found: Found) -> list[str]:
    return [
        event_id
        for event_id, key, _ in found.came_home
        if key != routing_key(found.jobs[event_id].platform, found.jobs[event_id].event_name)
    ]


def _problems(found: Found, counts: Counter[str]) -> Iterator[str]:
    if not found.strikes:
        yield "the fault never struck"
    if lost := sorted(found.accepted - found.taken.keys()):
        yield f"{len(lost)} lost, for example {lost[:EXAMPLES]}"
    if strange := sorted(found.taken.keys() - found.jobs.keys()):
        yield f"{len(strange)} unexpected, for example {strange[:EXAMPLES]}"
    twice = {event_id: count - 1 for event_id, count in found.taken.items() if count > 1}
    if blamed := sorted(event_id for event_id, more in twice.items() if more > found.excused.get(event_id, 0)):
        yield f"{len(blamed)} taken again that were not in flight, for example {blamed[:EXAMPLES]}"
    for queue, count in found.left.items():
        if count:
            yield f"{count} left in {queue}"
    if astray := _astray(found):
        yield f"{len(astray)} came home with another routing key, for example {astray[:EXAMPLES]}"
    if counts["over"]:
        yield f"{counts['over']} with more attempts than failures"
    if counts["under"] > found.strikes * found.most_in_hand:
        yield f"{counts['under']} with fewer attempts than failures"
