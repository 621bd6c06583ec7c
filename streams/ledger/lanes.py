"""How a pixel's lane is doing, by what its last attempts brought.

A lane's state lives in each delivery worker's memory, and workers may run anywhere. Its outcomes all come to the
ledger, whoever made the attempt: a stopped or failing lane probes every 15 minutes at the latest, so an hour of
outcomes shows it. Counts are by the minute; within the last one, the lines of the live view say what came last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import field

from streams.events import Record
from streams.ledger.answers import AGE_BOUNDS_S, POST_BOUNDS_MS, Line, Point
from streams.ledger.tally import PROBE

LaneState = Literal[
    "open",  # the last attempt was taken, or refused for what it held
    "throttled",  # the platform asked for fewer requests lately
    "failing",  # the platform does not answer properly
    "stopped",  # token, permission or pixel are refused
    "mixed",  # taken and refused within the same minute, and the order is not known any more
    "quiet",  # no attempt in the time looked at
]
LaneKey = tuple[str, str, str]  # tenant, platform, pixel_id

ANSWERS = ("delivered", "throttled", "transient", "misconfigured", "invalid")
TROUBLES = ("throttled", "transient", "misconfigured", "invalid", "expired", "parked")
CAUSES = {"stopped": "misconfigured", "mixed": "misconfigured", "failing": "transient", "throttled": "throttled"}
THROTTLED_MS = 600_000  # a halved rate grows back by 5 % a minute
RATE_MS = 600_000  # the rate is a mean over this
FAILURES = 2  # in a row, and a delivery worker calls its lane failing


class LaneSeen(Record, frozen=True):
    """`trouble` is class and code of the last attempt that made the state, of an open lane that went wrong.

    `troubles` counts what went wrong by class. `per_minute` are events delivered in the last 10 minutes, a minute.
    `probe_ms` is when a lane that makes no POSTs now makes the next, 0 when it makes them or nobody said; in the
    past: with the next job that comes back from the retry queues. Of several workers the last one's.
    `post_p50_ms` and `post_p95_ms` are upper bounds of the duration of a POST, `age_p50_s` and `age_p95_s` of the
    age at delivery: 0 when there was none, inf beyond the last bound.
    """

    state: LaneState = "quiet"
    last_delivered_ms: int = 0
    trouble: str = ""
    troubles: dict[str, int] = field(default_factory=dict)
    delivered: int = 0
    per_minute: float = 0.0
    probe_ms: int = 0
    post_p50_ms: float = 0.0
    post_p95_ms: float = 0.0
    age_p50_s: float = 0.0
    age_p95_s: float = 0.0


def lanes_seen(points: Iterable[Point], lines: Iterable[Line], now_ms: int) -> dict[LaneKey, LaneSeen]:
    """Lanes with attempts. `points` by the minute, `lines` of the same time, each in any order."""
    by_lane: dict[LaneKey, list[Point]] = {}
    for point in points:
        if point.pixel_id:
            by_lane.setdefault((point.tenant, point.platform, point.pixel_id), []).append(point)
    told: dict[LaneKey, list[Line]] = {}
    for line in lines:
        told.setdefault((line.tenant, line.platform, line.pixel_id), []).append(line)
    return {key: lane_seen(found, told.get(key, ()), now_ms) for key, found in by_lane.items()}


def lane_seen(points: Sequence[Point], lines: Sequence[Line], now_ms: int) -> LaneSeen:
    """What one lane's minutes and lines come to."""
    minutes = sorted(points, key=lambda point: point.at_ms)
    attempts = sorted((line for line in lines if class_of(line)), key=lambda line: line.at_ms)
    total: Counter[str] = Counter()
    for point in minutes:
        total.update(point.counts)
    told = [line.at_ms for line in attempts if class_of(line) == "delivered"]
    state = _state(minutes, attempts, now_ms)
    lately = sum(point.counts.get("delivered", 0) for point in minutes if point.at_ms > now_ms - RATE_MS)
    return LaneSeen(
        state=state,
        last_delivered_ms=max([*last_delivered(points).values(), *told], default=0),  # to the minute, or exactly
        trouble=_trouble(state, attempts),
        troubles={name: total[name] for name in TROUBLES if total[name]},
        delivered=total["delivered"],
        per_minute=lately * 60_000 / RATE_MS,
        probe_ms=_probe_ms(minutes, state),
        post_p50_ms=quantile_ms(total, 0.5),
        post_p95_ms=quantile_ms(total, 0.95),
        age_p50_s=quantile_s(total, 0.5),
        age_p95_s=quantile_s(total, 0.95),
    )


def class_of(line: Line) -> str:
    """The outcome's class of a line that is about an attempt, "" of others."""
    first = line.what.partition(" ")[0]
    return first if first in ANSWERS else "delivered" if line.kind == "delivered" else ""


def last_delivered(points: Iterable[Point]) -> dict[LaneKey, int]:
    """The last success of each lane that had one, to the step of the points."""
    last_ms: dict[LaneKey, int] = {}
    for point in points:
        if point.pixel_id and point.counts.get("delivered"):
            key = (point.tenant, point.platform, point.pixel_id)
            last_ms[key] = max(last_ms.get(key, 0), point.at_ms)
    return last_ms


def on_their_way(points: Iterable[Point]) -> dict[LaneKey, int]:
    """Jobs that were queued in the time of the points and have neither been taken nor given up."""
    left: Counter[LaneKey] = Counter()
    for point in points:
        if point.pixel_id:
            counts = point.counts
            open_jobs = counts.get("queued", 0) - counts.get("acknowledged", 0) - counts.get("ended", 0)
            left[point.tenant, point.platform, point.pixel_id] += open_jobs
    return dict(left)


def oldest_waiting(points: Iterable[Point]) -> dict[LaneKey, int]:
    """When the oldest of the jobs that are on their way was queued, to the step of its point, in Unix ms."""
    oldest_ms: dict[LaneKey, int] = {}
    for point in points:
        for lane, left in on_their_way((point,)).items():
            if left > 0:
                oldest_ms[lane] = min(oldest_ms.get(lane, point.at_ms), point.at_ms)
    return oldest_ms


def quantile_s(counts: Mapping[str, int], part: float) -> float:
    """Upper bound in seconds of the age at delivery below which `part` of the events were."""
    return _quantile(counts, "age", AGE_BOUNDS_S, part)


def quantile_ms(counts: Mapping[str, int], part: float) -> float:
    """Upper bound in milliseconds of the time that `part` of the POSTs took at most."""
    return _quantile(counts, "post", POST_BOUNDS_MS, part)


def _quantile(counts: Mapping[str, int], name: str, bounds: Sequence[int], part: float) -> float:
    numbers = [(float(bound), counts.get(f"{name}_{bound}", 0)) for bound in bounds]
    numbers.append((float("inf"), counts.get(f"{name}_more", 0)))
    wanted, seen = part * sum(number for _, number in numbers), 0
    for bound, number in numbers:
        seen += number
        if number and seen >= wanted:
            return bound
    return 0.0


def _state(minutes: Sequence[Point], attempts: Sequence[Line], now_ms: int) -> LaneState:
    answered = [point for point in minutes if any(point.counts.get(name) for name in ANSWERS)]
    if not answered:
        return "quiet"
    counts, last = answered[-1].counts, _last_class(answered[-1], attempts)
    if not last and counts.get("misconfigured"):
        return "mixed" if counts.get("delivered") or counts.get("invalid") else "stopped"
    if last == "misconfigured":
        return "stopped"
    if any(point.counts.get("throttled") for point in answered if point.at_ms > now_ms - THROTTLED_MS):
        return "throttled"
    failed = sum(point.counts.get("transient", 0) for point in answered[-FAILURES:])
    return "failing" if last == "transient" and failed >= FAILURES else "open"


def _probe_ms(minutes: Sequence[Point], state: LaneState) -> int:
    if state not in CAUSES:
        return 0
    return next((point.counts[PROBE] for point in reversed(minutes) if PROBE in point.counts), 0)


def _trouble(state: LaneState, attempts: Sequence[Line]) -> str:
    wanted = CAUSES.get(state)
    for line in reversed(attempts):
        if class_of(line) == wanted or (wanted is None and class_of(line) != "delivered"):
            return line.what
    return ""


def _last_class(newest: Point, attempts: Sequence[Line]) -> str:
    """Class of the last attempt, "" when its minute saw several and no line of it is left."""
    if attempts and attempts[-1].at_ms >= newest.at_ms:
        return class_of(attempts[-1])
    there = [name for name in ANSWERS if newest.counts.get(name)]
    return there[0] if len(there) == 1 else ""
