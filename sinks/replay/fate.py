"""May a job of an old batch be sent again? Pure; `capi.outcomes` and the clock are told.

| fate        | when                                                                            |
|-------------|---------------------------------------------------------------------------------|
| `delivered` | an outcome says that the platform took it                                       |
| `settled`   | an outcome says that the platform refused the event itself, or a person dropped it |
| `erased`    | it holds somebody who was erased after it left its session                       |
| `refused`   | preflight: too old, and whatever else the platform would not take                |
| `unknown`   | past the memory of the idempotency store, and `capi.outcomes` does not reach back |
| `send`      | all others                                                                      |

A young job is sent although an outcome may have been lost: the worker asks the idempotency store before it POSTs.
An old one would not be found there, and the platforms do not merge copies after 48 hours either.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from sinks.deliver.policy import DROPPED, Limits, too_old
from sinks.jobs import Checked
from sinks.replay.ids import Identity, JobIds
from streams.events import Job, Outcome
from streams.quality import refused
from streams.tombstones import Tombstones

Fate = Literal["send", "delivered", "settled", "erased", "refused", "unknown"]
STORE_SHARE = 0.9  # of the store's memory: what is sent now may wait in a queue before the store is asked


class Memory(Limits, Protocol):
    """The part of the settings that says how long deliveries are remembered."""

    @property
    def delivered_ttl_s(self) -> float: ...


class Known(msgspec.Struct):
    """What `capi.outcomes` says. It tells of every attempt since `from_ms` (Unix ms)."""

    from_ms: int
    delivered: JobIds = msgspec.field(default_factory=JobIds)
    settled: JobIds = msgspec.field(default_factory=JobIds)
    tombstones: Tombstones = msgspec.field(default_factory=Tombstones)

    def learn(self, outcome: Outcome) -> None:
        identity = (outcome.platform, outcome.pixel_id, outcome.event_name, outcome.event_id)
        if outcome.outcome in ("delivered", "duplicate"):
            self.delivered.add(identity)
        elif outcome.outcome == "invalid" or outcome.code == DROPPED:
            self.settled.add(identity)


def identity_of(job: Job) -> Identity:
    return (job.platform, job.pixel_id, job.event_name, job.event.event_id)


def fate(checked: Checked, flushed_at_ms: int, known: Known, now_ms: int, memory: Memory) -> Fate:
    """`flushed_at_ms` is the batch's: no job of it was delivered before."""
    identity = identity_of(checked.job)
    if identity in known.delivered:
        return "delivered"
    if identity in known.settled:
        return "settled"
    if known.tombstones.forbid(checked.job):
        return "erased"
    if refused(checked.problems) or too_old(checked.job, now_ms, memory):
        return "refused"
    young = now_ms - flushed_at_ms < STORE_SHARE * memory.delivered_ttl_s * 1000
    return "send" if young or flushed_at_ms >= known.from_ms else "unknown"
