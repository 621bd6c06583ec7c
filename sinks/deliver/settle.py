"""Carry out decisions: remember, move and acknowledge, in the order that loses nothing.

Delivered: remember it, then ack. Retried or parked: publish it there, wait for the confirm, then ack. Dying in
between delivers a job again, and the idempotency store then knows it; acking first could lose it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from sinks.deliver.counters import JOBS, LATE_ACKS
from sinks.deliver.letters import Letter, parked_message, retry_message
from sinks.deliver.policy import Ack, Decision, Park, Retry
from sinks.delivered import DeliveredJobs
from sinks.outcomes import Outcomes
from sinks.rabbit.consumer import Received
from sinks.rabbit.publisher import Message, Publisher, PublishError
from sinks.topology import EXCHANGE_DEAD, EXCHANGE_RETRY
from streams.events import Outcome

log = structlog.get_logger(__name__)

FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 5.0


class Held(msgspec.Struct, eq=False):
    """A job in hand, and every delivery of it that waits for an ack: a redelivery joins until it is `settled`."""

    letter: Letter
    copies: list[Received]
    settled: bool = False

    @property
    def returns_by_itself(self) -> bool:
        """The connection of every delivery is gone, so the broker delivers the job again."""
        return all(copy.channel.is_closed for copy in self.copies)


Decided = Sequence[tuple[Held, Decision]]


class Settler:
    """Shared by all queues of a process."""

    def __init__(self, publisher: Publisher, delivered: DeliveredJobs, outcomes: Outcomes) -> None:
        self._publisher, self._delivered, self._outcomes = publisher, delivered, outcomes

    async def settle(self, decided: Decided, now_ms: int) -> None:
        """Returns when all is confirmed and acknowledged; waits for RabbitMQ as long as that takes."""
        done = [(held, decision) for held, decision in decided if isinstance(decision, Ack)]
        fresh = [held.letter.job.job_id for held, decision in done if decision.outcome == "delivered"]
        await self._delivered.remember(fresh, now_ms)
        await self._finish(done, now_ms)
        moved = [(held, decision) for held, decision in decided if not isinstance(decision, Ack)]
        await self._move(moved)
        await self._finish(moved, now_ms)

    async def park(self, message: Message, received: Received) -> None:
        """Park what is no job."""
        await self._publish(EXCHANGE_DEAD, [message])
        await acknowledge(received)

    async def _move(self, moved: Decided) -> None:
        staying = [(held, decision) for held, decision in moved if not held.returns_by_itself]
        retries = [retry_message(h.letter, d) for h, d in staying if isinstance(d, Retry)]
        parked = [parked_message(h.letter, d) for h, d in staying if isinstance(d, Park)]
        await self._publish(EXCHANGE_RETRY, retries)
        await self._publish(EXCHANGE_DEAD, parked)

    async def _publish(self, exchange: str, messages: Sequence[Message]) -> None:
        pause_s = FIRST_PAUSE_S
        while messages:
            try:
                return await self._publisher.publish(exchange, messages)
            except PublishError as error:
                log.warning("jobs not moved; trying again", exchange=exchange, n=len(messages), why=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MOST_PAUSE_S)
        return None

    async def _finish(self, decided: Decided, now_ms: int) -> None:
        for held, _ in decided:
            while held.copies:  # one may join while another is acknowledged
                await acknowledge(held.copies[-1])
                held.copies.pop()
            held.settled = True
        for held, decision in decided:
            JOBS.labels(held.letter.job.platform, decision.outcome, type(decision).__name__.lower()).inc()
        self._outcomes.record(outcome(held.letter, decision, now_ms) for held, decision in decided)


async def acknowledge(received: Received) -> None:
    if not await received.ack():
        LATE_ACKS.inc()


def outcome(letter: Letter, decision: Decision, now_ms: int) -> Outcome:
    """What the ledger is told about one attempt."""
    job = letter.job
    return Outcome(
        job_id=job.job_id,
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
    )
