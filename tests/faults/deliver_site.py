"""What a fault test of delivery hurts: a virtual host, workers that come back when they die, the way between."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
from redis.asyncio import Redis

from sinks.rabbit.connection import CONNECTION_ERRORS, Link
from sinks.rabbit_admin import RabbitAdmin
from sinks.topology import EXCHANGE_RETURN, PLATFORMS, definitions, rungs, work_queue
from streams.events import Job, decode_job
from tests.faults.deliver_jobs import TENANTS, TOKEN
from tests.faults.deliver_platform import WatchedPlatforms, watched_platforms
from tests.faults.rabbit import PrivateRabbit
from tests.faults.roles import Role, capi, clean_environment, stop_all
from tests.faults.site import KEEP_UP_S, settings_of
from tests.kafka import eventually
from tests.rabbit import take_all
from tests.site import free_port
from tests.valve import Valve, valve

TAP = "tap"  # sees every job that comes home
LAST_WORDS_S = 0.4  # what a killed worker had sent has arrived after this; its successor needs longer to start
UP_S = 60.0
# Time-outs that minutes can show; rungs of 2 and 4 s, and more of them than bad luck uses up.
SHORT = {
    "CAPI_RETRY_S": "2,4,2,4,2,4,2,4,2,4",
    "CAPI_PROBE_S": "1",
    "CAPI_POST_EVENTS": "25",
    "CAPI_POST_WAIT_S": "0.2",
    "CAPI_POST_TIMEOUT_S": "4",
    "CAPI_CONFIRM_TIMEOUT_S": "3",
    "CAPI_STOP_TIMEOUT_S": "5",
    "CAPI_REDIS_TIMEOUT_S": "2",  # Redis is well here, but this machine may be busy
    "CAPI_DELIVERED_TTL_S": "900",
}


class Site:
    """`workers` are the processes under test; they reach RabbitMQ through `wire`. `excused` is how often an event
    may have been taken once more, because it was in flight when something broke."""

    def __init__(
        self,
        folder: Path,
        rabbit: PrivateRabbit,
        platforms: WatchedPlatforms,
        wire: Valve,
        jobs: Sequence[Job],
        workers: int,
    ) -> None:
        self.rabbit, self.platforms, self.wire = rabbit, platforms, wire
        self.jobs = {job.event.event_id: job for job in jobs}
        self.excused: Counter[str] = Counter()
        name = f"test-{secrets.token_hex(4)}"
        (folder / "tenants.toml").write_text(TENANTS)
        own = {
            "CAPI_NAMESPACE": name,
            "CAPI_TENANTS": str(folder / "tenants.toml"),
            "CAPI_RABBITMQ_MANAGEMENT_URL": rabbit.management_url,
            "CAPI_META_URL": platforms.url,
            "CAPI_TIKTOK_URL": platforms.url,
            TOKEN: secrets.token_hex(8),
        }
        env = clean_environment() | SHORT | own
        self.settings = settings_of(env | {"CAPI_RABBITMQ_URL": f"{rabbit.url}/{name}"})
        wired = rabbit.url.replace(str(rabbit.port), str(wire.port))
        env["CAPI_RABBITMQ_URL"] = f"{wired}/{name}"
        self._ports = [free_port() for _ in range(workers)]
        self.workers = [
            Role(f"deliver-{port}", capi("deliver"), env | {"CAPI_DELIVER_PORT": str(port)}, folder)
            for port in self._ports
        ]
        self._redis = Redis.from_url(self.settings.redis_url)

    @property
    def moving_queues(self) -> list[str]:
        """Where a job is while it is on its way."""
        return [*map(work_queue, PLATFORMS), *(rung.queue for rung in rungs(self.settings))]

    async def keep_up(self) -> None:
        """Start a worker again whenever it dies, until cancelled. Raises RoleError."""
        while True:
            for worker in self.workers:
                worker.keep_up()
            await asyncio.sleep(KEEP_UP_S)

    @property
    def all_taken(self) -> bool:
        return len(self.platforms.ledger.entries) >= len(self.jobs)

    @property
    def worker(self) -> Role:
        """The one that is hurt."""
        return self.workers[0]

    async def health(self, of: int = 0) -> dict[str, Any]:
        """What a worker's /healthz says; empty while nothing answers."""
        url = f"http://{self.settings.deliver_host}:{self._ports[of]}/healthz"
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                found: dict[str, Any] = (await client.get(url)).json()
            except httpx.TransportError:
                return {}
        return found

    async def in_hand(self) -> int:
        """Jobs that the workers hold."""
        found = [await self.health(of) for of in range(len(self.workers))]
        return sum(queue["in_hand"] for health in found for queue in health.get("queues", {}).values())

    async def workers_up(self) -> None:
        """Wait until each of them consumes."""
        await eventually(self._well, UP_S)

    async def _well(self) -> bool:
        found = [await self.health(of) for of in range(len(self.workers))]
        return all(health.get("ok") is True for health in found)

    async def rabbit_up(self) -> None:
        """Wait until RabbitMQ answers."""
        await eventually(lambda: self._rabbit_answers(), UP_S, every_s=0.5)

    async def _rabbit_answers(self) -> bool:
        return await self.depths([TAP]) is not None

    async def note_in_flight(self, claimed: bool = False) -> None:
        """The worker was killed: what the platforms took, or have in work, and Redis does not know. A frozen one
        goes on later: with `claimed` also what it had marked for a POST that has not arrived."""
        await asyncio.sleep(LAST_WORDS_S)
        reached = {*self.platforms.taken(), *+self.platforms.under_way}
        keys = [f"{self.settings.namespace}:delivered:{job.job_id}" for job in self.jobs.values()]
        marks = zip(self.jobs, await self._redis.mget(keys), strict=True)
        self.excused.update(
            event_id
            for event_id, mark in marks
            if mark != b"d" and (event_id in reached or (claimed and mark is not None))
        )

    async def depths(self, queues: Sequence[str]) -> dict[str, int] | None:
        """Messages ready in each queue; None while RabbitMQ does not say."""
        link = Link(self.settings.rabbitmq_url, "fault test")
        try:
            channel = await link.open(5)
            found = [await channel.queue_declare(queue, passive=True, timeout=5) for queue in queues]
        except CONNECTION_ERRORS:
            return None
        finally:
            await link.close()
        return {queue: declared.message_count or 0 for queue, declared in zip(queues, found, strict=True)}

    async def on_rungs(self) -> int:
        found = await self.depths([rung.queue for rung in rungs(self.settings)])
        return sum((found or {}).values())

    async def came_home(self) -> list[tuple[str, str, int]]:
        """Of every job that came back from a rung: event id, routing key, attempt."""
        found = await take_all(self.settings, TAP)
        return [
            (
                _event_id(message.body),
                message.routing_key or "",
                int(str((message.header.properties.headers or {}).get("capi-attempt", 0))),
            )
            for message in found
        ]

    def provision(self) -> None:
        made = definitions(self.settings)
        queue = {"name": TAP, "durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}
        binding = {"source": EXCHANGE_RETURN, "destination": TAP, "destination_type": "queue"}
        made["queues"].append(queue)
        made["bindings"].append(binding | {"routing_key": "#", "arguments": {}})
        with RabbitAdmin(self.settings) as admin:
            admin.import_definitions(made)

    async def close(self) -> None:
        await asyncio.to_thread(stop_all, self.workers)
        await self._redis.aclose()


def _event_id(body: bytes) -> str:
    return decode_job(body).event.event_id


@asynccontextmanager
async def delivery_site(
    folder: Path, rabbit: PrivateRabbit, jobs: Sequence[Job], rng: Random, workers: int
) -> AsyncIterator[Site]:
    """Queues exist; the workers start with the first `keep_up`."""
    async with watched_platforms(rng) as platforms, valve(rabbit.port) as wire:
        made = Site(folder, rabbit, platforms, wire, jobs, workers)
        try:
            await asyncio.to_thread(made.provision)
            yield made
        finally:
            await made.close()
