"""Carry out decisions: remember, move and acknowledge, in the order that loses nothing.

Delivered: remember it, then ack. Retried, waiting or parked: publish it there, wait for the confirm, then ack.
Before the ack the outcome is told, as long as Kafka answers: a job that is gone has an outcome.
Dying in between delivers a job again, and the idempotency store then knows it; acking first could lose it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import msgspec
import structlog

from sinks.deliver.counters import AGE_SECONDS, JOBS, LATE_ACKS, POSTPONED_AGE
from sinks.deliver.letters import Letter, parked_message, retry_message, waiting_message
from sinks.deliver.policy import Ack, Decision, Drop, Park, Retry, Verdict, Wait
from sinks.delivered import DeliveredJobs
from sinks.outcomes import Outcomes
from sinks.rabbit.acks import acknowledge
from sinks.rabbit.consumer import Received
from sinks.rabbit.publisher import Message, Publisher, PublishError
from sinks.topology import EXCHANGE_DEAD, EXCHANGE_RETRY
from sinks.traces import Attributes, Traces
from streams.events import Outcome
from streams.log import about

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 5.0

age_of = cache(AGE_SECONDS.labels)
postponed_age_of = cache(POSTPONED_AGE.labels)


class Held(msgspec.Struct, eq=False):
    """A job in hand, and every delivery of it that waits for an ack: a redelivery joins until it is `settled`.

    Once it is `moving` to a rung, what went to one more often is no redelivery but the moved job itself, home
    before the ack of where it came from (the process was frozen meanwhile): to acknowledge it too would lose it.
    """

    job_id: str
    letter: Letter
    copies: list[Received]
    moving: bool = False
    settled: bool = False

    def takes(self, letter: Letter) -> bool:
        """Whether this delivery of the same job has the fate of this one."""
        return not self.settled and not (self.moving and letter.moves > self.letter.moves)

    @property
    def returns_by_itself(self) -> bool:
        """The connection of every delivery is gone, so the broker delivers the job again."""
        return all(copy.channel.is_closed for copy in self.copies)


Decided = Sequence[tuple[Held, Decision]]


class Settler:
    """Shared by all queues of a process."""

    def __init__(
        self, publisher: Publisher, delivered: DeliveredJobs, outcomes: Outcomes, traces: Traces | None = None
    ) -> None:
        self._publisher, self._delivered, self._outcomes = publisher, delivered, outcomes
        self._traces = traces

    async def settle(self, decided: Decided, now_ms: int) -> None:
        """Returns when all is confirmed and acknowledged; waits for RabbitMQ as long as that takes."""
        done = [(held, decision) for held, decision in decided if isinstance(decision, Ack | Drop)]
        await self._delivered.remember([h.job_id for h, d in done if d.outcome == "delivered"])
        await self._tell(done, now_ms)
        await self._finish(done, now_ms)
        moved = [(held, decision) for held, decision in decided if not isinstance(decision, Ack | Drop)]
        await self._delivered.release([h.job_id for h, d in moved if isinstance(d, Retry | Park)])
        await self._tell(moved, now_ms)
        for held, _ in moved:
            held.moving = True
        await self._move(moved)
        await self._finish(moved, now_ms)

    async def park(self, message: Message, received: Received) -> None:
        """Park what is no job."""
        await self._publish(EXCHANGE_DEAD, [message], {})
        LATE_ACKS.inc(await acknowledge([received]))

    async def _move(self, moved: Decided) -> None:
        staying = [(held, decision) for held, decision in moved if not held.returns_by_itself]
        later = [retry_message(h.letter, d) for h, d in staying if isinstance(d, Retry)]
        later += [waiting_message(h.letter, d) for h, d in staying if isinstance(d, Wait)]
        parked = [parked_message(h.letter, d) for h, d in staying if isinstance(d, Park)]
        first = about(staying[0][0].letter.job.event) if staying else {}
        await self._publish(EXCHANGE_RETRY, later, first)
        await self._publish(EXCHANGE_DEAD, parked, first)

    async def _publish(self, exchange: str, messages: Sequence[Message], first: Mapping[str, str]) -> None:
        """`first` names one of the jobs, for the log."""
        pause_s = FIRST_PAUSE_S
        while messages:
            try:
                return await self._publisher.publish(exchange, messages)
            except PublishError as error:
                n = len(messages)
                log.warning("jobs not moved; trying again", **first, exchange=exchange, n=n, why=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
        return None

    async def _finish(self, decided: Decided, now_ms: int) -> None:
        while copies := [copy for held, _ in decided for copy in held.copies]:  # one may join meanwhile
            for held, _ in decided:
                held.copies.clear()
            LATE_ACKS.inc(await acknowledge(copies))
        for held, _ in decided:
            held.settled = True
        _count(decided, now_ms)

    async def _tell(self, decided: Decided, now_ms: int) -> None:
        told = [outcome(held, decision, now_ms) for held, decision in decided if isinstance(decision, Verdict)]
        await self._outcomes.tell(told)
        if self._traces is not None:
            for one in told:
                _trace(self._traces, one)


def _trace(traces: Traces, told: Outcome) -> None:
    what: Attributes = {
        "capi.platform": told.platform,
        "capi.pixel": told.pixel_id,
        "capi.attempt": told.attempt,
        "capi.outcome": told.outcome,
        "capi.code": told.code,
        "capi.parked": told.parked,
        "http.response.status_code": told.http_status,
    }
    traces.tell(
        "attempt",
        told.tenant,
        told.event_id,
        told.at_ms - told.latency_ms,
        told.at_ms,
        what,
        destination=f"{told.platform}|{told.pixel_id}",
        attempt=told.attempt,
        failed=told.outcome not in ("delivered", "duplicate"),
    )


def _count(decided: Decided, now_ms: int) -> None:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for held, decision in decided:
        job = held.letter.job
        outcome_class = decision.outcome if isinstance(decision, Verdict) else "untried"
        counts[job.platform, job.pixel_id, outcome_class, type(decision).__name__.lower()] += 1
        if outcome_class == "delivered":
            age_of(job.platform).observe(max(0, now_ms - job.event.event_time_ms) / 1000)
        if isinstance(decision, Retry | Wait):
            postponed_age_of(job.platform, job.pixel_id).observe(max(0, now_ms - job.event.event_time_ms) / 1000)
        if outcome_class == "invalid":
            _tell(log.warning, "event refused", held, decision)
        elif not isinstance(decision, Ack):
            _tell(log.debug, "event not delivered", held, decision)
    for labels, jobs in counts.items():
        JOBS.labels(*labels).inc(jobs)


def _tell(tell: Callable[..., None], what: str, held: Held, decision: Decision) -> None:
    job = held.letter.job
    tell(
        what,
        platform=job.platform,
        pixel=job.pixel_id,
        **about(job.event),
        attempt=held.letter.attempt,
        why=decision.why,
        code=getattr(decision, "code", ""),
        move=type(decision).__name__.lower(),
    )


def outcome(held: Held, decision: Verdict, now_ms: int) -> Outcome:
    """What the ledger is told about one attempt."""
    letter, job = held.letter, held.letter.job
    return Outcome(
        job_id=held.job_id,
        tenant=job.event.tenant,
        session_id=job.event.session_id,
        platform=job.platform,
        pixel_id=job.pixel_id,
        event_id=job.event.event_id,
        event_name=job.event_name,
        attempt=letter.attempt,
        outcome=decision.outcome,
        at_ms=now_ms,
        code=decision.code,
        why=decision.why,
        trace_id=decision.trace_id,
        parked=isinstance(decision, Park),
        retry_in_s=decision.rung.delay_s if isinstance(decision, Retry) else 0,
        http_status=decision.http_status,
        latency_ms=decision.latency_ms,
        leads=decision.leads,
        closed_s=decision.closed_s,
        age_ms=max(0, now_ms - job.event.event_time_ms),
        waited_ms=max(0, now_ms - letter.first_seen_ms),
    )
