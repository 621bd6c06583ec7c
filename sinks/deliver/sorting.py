"""Before a POST: which jobs must not be sent (any more), which another worker has, and where the others go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sinks.deliver.policy import DROPPED, Ack, Decision, Drop, Limits, Park, invalid, too_old
from sinks.deliver.settle import Held
from sinks.delivered import DeliveredJobs
from sinks.platforms.contract import PlatformRules
from streams.events import Job, Platform
from streams.quality import refused
from streams.quality.timing import TOO_OLD
from streams.tenants import Destination, Tenants
from streams.tombstones import ERASED, Tombstones


class Sorted(msgspec.Struct):
    """A batch in three parts, and the destination of what can be sent."""

    destination: Destination | None
    decided: list[tuple[Held, Decision]] = []
    sendable: list[Held] = []
    elsewhere: list[Held] = []  # another worker POSTs it right now: ask again soon


class Sorter:
    """Asks the tenants file, the clock, the platform's preflight, the idempotency store and the tombstones."""

    def __init__(
        self,
        delivered: DeliveredJobs,
        tenants: Tenants,
        rules: Mapping[Platform, PlatformRules],
        limits: Limits,
        tombstones: Tombstones,
    ) -> None:
        self._delivered, self._tenants, self._rules, self._limits = delivered, tenants, rules, limits
        self._tombstones = tombstones

    async def sort(self, batch: Sequence[Held], now_ms: int) -> Sorted:
        """The batch has one tenant and pixel."""
        first = batch[0].letter.job
        destination = self._tenants.destination(first.event.tenant, first.platform, first.pixel_id)
        found = Sorted(destination)
        claims = await self._delivered.claim([held.job_id for held in batch])
        for held in batch:
            claim = claims[held.job_id]
            if claim == "elsewhere":
                found.elsewhere.append(held)
            elif claim == "delivered":
                found.decided.append((held, Ack(outcome="duplicate")))
            elif decision := self._refusal(held.letter.job, destination, now_ms):
                found.decided.append((held, decision))
            else:
                found.sendable.append(held)
        return found

    def _refusal(self, job: Job, destination: Destination | None, now_ms: int) -> Decision | None:
        if self._tombstones.forbid(job):
            return Drop(outcome="invalid", why=ERASED, code=DROPPED)
        if destination is None:
            return Park(outcome="misconfigured", why="this destination is no longer in the tenants file")
        if too_old(job, now_ms, self._limits):
            return Park(outcome="expired", why="older than CAPI_EVENT_MAX_AGE_S")
        try:
            found = refused(self._rules[job.platform].preflight(job, now_ms))
        except Exception as error:  # one odd job must not stop the queue
            return invalid(self._limits, f"cannot be checked ({type(error).__name__})", "preflight")
        for problem in found:
            if problem.code == TOO_OLD:  # its platform's own limit; nothing is wrong with what it holds
                return Park(outcome="expired", why=problem.reason)
        return invalid(self._limits, found[0].reason, "preflight") if found else None
