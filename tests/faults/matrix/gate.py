"""A gateway of the arena's own for the time of a fault: what it says to a site while RabbitMQ takes nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from sinks.gateway.client import PATH, SITE
from streams.events import Batch, encode
from streams.signing import signed_headers
from tests.contract.jobs import batch_of, job
from tests.faults.matrix.arena import Arena
from tests.faults.matrix.place import SECRET
from tests.faults.plan import SHOPS
from tests.faults.roles import capi
from tests.kafka import eventually
from tests.site import free_port

ROLE, NAME, SHOP = "collect-gate", "branch", SHOPS[0]
ANSWER_S, UP_S = 15.0, 60.0
TRIES = 2


class Gate:
    """One batch of a client site, whose event is `event_id`."""

    def __init__(self, port: int, secret: str, event_id: str) -> None:
        self._url, self._secret = f"http://127.0.0.1:{port}{PATH}", secret
        self._batch = _batch(event_id)

    async def refuses(self) -> None:
        """503, each time, and when to come again."""
        for _ in range(TRIES):
            answer = await self._post()
            assert answer is not None and answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer
            assert int(answer.headers["Retry-After"]) >= 1

    async def takes(self) -> None:
        await eventually(self._taken, UP_S, every_s=0.5)

    async def greets(self) -> bool:
        """Whether it runs."""
        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
            try:
                return (await client.get(self._url, headers=self._headers(b""))).is_success
            except httpx.TransportError:
                return False

    async def _taken(self) -> bool:
        answer = await self._post()
        return answer is not None and answer.status_code == httpx.codes.ACCEPTED

    async def _post(self) -> httpx.Response | None:
        body = encode(self._batch)
        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
            try:
                return await client.post(self._url, content=body, headers=self._headers(body))
            except httpx.TransportError:
                return None

    def _headers(self, body: bytes) -> dict[str, str]:
        signed = signed_headers([self._secret], self._batch.batch_id, int(time.time()), body)
        return {SITE: NAME, **signed}


@asynccontextmanager
async def gate(arena: Arena, event_id: str) -> AsyncIterator[Gate]:
    """A collector that is a central site's, until the end of the block."""
    tenants, port = arena.folder / "sites.toml", free_port()
    site = f'[sites.{NAME}]\ntenants = ["{SHOP}"]\nsecrets = ["env:{SECRET}"]\n'
    tenants.write_text(arena.settings.tenants.read_text() + site)
    own = {"CAPI_TENANTS": str(tenants), "CAPI_COLLECT_PORT": str(port), "CAPI_COLLECT_HEALTH_PORT": "0"}
    made = Gate(port, arena.env[SECRET], event_id)
    await arena.start_role(ROLE, capi("collect"), own)
    try:
        await eventually(made.greets, UP_S)
        yield made
    finally:
        await arena.stop_role(ROLE)


def _batch(event_id: str) -> Batch:
    now_ms = time.time_ns() // 1_000_000
    subject = job(event_id=event_id, tenant=SHOP, session_id=event_id, event_time_ms=now_ms)
    return batch_of(subject, event_id, now_ms)
