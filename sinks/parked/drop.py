"""Parked jobs thrown away: told to the log and to `capi.outcomes` first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from sinks.deliver.policy import DROPPED
from sinks.parked.messages import Parked
from streams.events import Job, Outcome, OutcomeClass, encode, session_key
from streams.log import about
from streams.redaction import redact
from streams.settings import Settings

log = structlog.get_logger(__name__)


TIMEOUT_MS = 10_000


class DropError(Exception):
    """Kafka did not take the outcomes, so nothing of this chunk was dropped."""


class DropParked:
    """For `sinks.parked.sweep.Sweep`. `why` is the operator's reason; it is told redacted."""

    def __init__(self, settings: Settings, why: str) -> None:
        self._topic, self.why = settings.topic("outcomes"), redact(why)
        self._servers = settings.kafka_servers
        self._producer: AIOKafkaProducer | None = None

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def act(self, chunk: Sequence[Parked]) -> None:
        """Raises DropError."""
        at_ms = time.time_ns() // 1_000_000
        told = [dropped(parked.job, parked, self.why, at_ms) for parked in chunk if parked.job is not None]
        try:
            producer = await self._started()
            sent = [
                await producer.send(self._topic, encode(one), key=session_key(one.tenant, one.session_id))
                for one in told
            ]
            for future in sent:
                await future
        except (KafkaError, OSError) as error:
            raise DropError(_why(error)) from error
        for (status, pixel), group in _by_reason(chunk).items():
            ids = next((about(parked.job.event) for parked in group if parked.job is not None), {})
            log.warning("parked jobs dropped", **ids, reason=status, pixel=pixel, n=len(group), why=self.why)

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._servers, enable_idempotence=True, request_timeout_ms=TIMEOUT_MS
            )
            await self._producer.start()
        return self._producer


def _by_reason(chunk: Sequence[Parked]) -> dict[tuple[str, str], list[Parked]]:
    found: dict[tuple[str, str], list[Parked]] = {}
    for parked in chunk:
        found.setdefault((parked.status, parked.pixel), []).append(parked)
    return found


def dropped(job: Job, parked: Parked, why: str, at_ms: int) -> Outcome:
    """The last word on a job: no further attempt, and it lies nowhere any more."""
    first = parked.status.partition(" ")[0]
    outcome: OutcomeClass = next((known for known in get_args(OutcomeClass) if known == first), "invalid")
    return Outcome(
        job_id=job.job_id,
        tenant=job.event.tenant,
        session_id=job.event.session_id,
        platform=job.platform,
        pixel_id=job.pixel_id,
        event_id=job.event.event_id,
        event_name=job.event_name,
        attempt=max(1, parked.attempt),
        outcome=outcome,
        at_ms=at_ms,
        code=DROPPED,
        why=f"dropped by an operator: {why}",
    )


def _why(error: BaseException) -> str:
    return f"Kafka does not take the outcomes ({type(error).__name__}); nothing of this chunk was dropped"
