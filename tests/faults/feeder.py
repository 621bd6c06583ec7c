"""Sends a plan to Kafka at its own pace and knows which events Kafka acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import time

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.faults.plan import Plan, Planned

ANSWER_S = 60.0  # a broker that is killed is back long before
ATTEMPTS = 3


class Feeder:
    """`accepted_ms`, when each event was first acknowledged (Unix ms), fills while `run` is under way; `sent`
    counts sends, acknowledged or not."""

    def __init__(self, servers: Sequence[str], topic: str, plan: Plan) -> None:
        self._topic, self._plan, self._servers = topic, plan, servers
        self.accepted_ms: dict[str, int] = {}
        self.sent = 0

    async def run(self) -> None:
        """Send everything when it is due, wait for every answer. An idempotent producer keeps a visit's order."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(ANSWER_S * 1000),
            retry_backoff_ms=200,
            linger_ms=5,
            max_batch_size=500_000,  # what a dead broker keeps waiting must not hold up the next send
        )
        await producer.start()
        try:
            await self._send_all(producer)
        finally:
            await asyncio.wait_for(producer.stop(), ANSWER_S)

    async def _send_all(self, producer: AIOKafkaProducer) -> None:
        started_s = time()
        answers: list[asyncio.Task[None]] = []
        for planned in self._plan.sends:
            await asyncio.sleep(max(0.0, started_s + planned.at_s - time()))
            acknowledged = await self._send(producer, planned, started_s)
            answers.append(asyncio.create_task(self._confirm(producer, planned, started_s, acknowledged)))
            self.sent += 1
        await asyncio.gather(*answers)

    async def _send(
        self, producer: AIOKafkaProducer, planned: Planned, started_s: float
    ) -> asyncio.Future[object]:
        # one value a send: the clock of second 0 is the feeder's, everything else is planned
        return await producer.send(self._topic, key=planned.key, value=planned.raw(started_s))  # type: ignore[no-any-return]

    async def _confirm(
        self, producer: AIOKafkaProducer, planned: Planned, started_s: float, answer: asyncio.Future[object]
    ) -> None:
        for _ in range(ATTEMPTS):
            try:
                await answer
            except KafkaError:
                answer = await self._send(producer, planned, started_s)
            else:
                self.accepted_ms.setdefault(planned.event_id, round(time() * 1000))
                return
