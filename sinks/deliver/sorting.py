"""Before a POST: which jobs must not be sent (any more), and where the others go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sinks.deliver.policy import Ack, Decision, Limits, Park, too_old
from sinks.deliver.settle import Held
from sinks.delivered import DeliveredJobs
from sinks.platforms.contract import PlatformRules
from streams.events import Job, Platform
from streams.quality import refused
from streams.tenants import Destination, Tenants

Sorted = tuple[list[tuple[Held, Decision]], list[Held], Destination | None]


class Sorter:
    """Asks the idempotency store, the tenants file, the clock and the platform's preflight, in this order."""

    def __init__(
        self,
        delivered: DeliveredJobs,
        tenants: Tenants,
        rules: Mapping[Platform, PlatformRules],
        limits: Limits,
    ) -> None:
        self._delivered, self._tenants, self._rules, self._limits = delivered, tenants, rules, limits

    async def sort(self, batch: Sequence[Held], now_ms: int) -> Sorted:
        """Jobs decided already, jobs to send, and the destination of the latter. The batch has one pixel."""
        first = batch[0].letter.job
        destination = self._tenants.destination(first.event.tenant, first.platform, first.pixel_id)
        done = await self._delivered.among([held.letter.job.job_id for held in batch])
        decided: list[tuple[Held, Decision]] = []
        sendable: list[Held] = []
        for held in batch:
            decision = self._decision(held.letter.job, done, destination, now_ms)
            if decision is None:
                sendable.append(held)
            else:
                decided.append((held, decision))
        return decided, sendable, destination

    def _decision(self, job: Job, done: set[str], destination: Destination | None, now_ms: int) -> Decision | None:
        if job.job_id in done:
            return Ack(outcome="duplicate")
        if destination is None:
            return Park(outcome="misconfigured", why="this destination is no longer in the tenants file")
        if too_old(job, now_ms, self._limits):
            return Park(outcome="expired", why="older than CAPI_EVENT_MAX_AGE_S")
        refusal = self._preflight(job, now_ms)
        return Park(outcome="invalid", why=refusal, code="preflight") if refusal else None

    def _preflight(self, job: Job, now_ms: int) -> str | None:
        try:
            found = refused(self._rules[job.platform].preflight(job, now_ms))
            return found[0].reason if found else None
        except Exception as error:  # one odd job must not stop the queue
            return f"cannot be checked ({type(error).__name__})"
