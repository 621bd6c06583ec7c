"""The ledger of the stand-in: what Meta and TikTok would have accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import msgspec

from agents.demo.verdict import Accepted

TIMEOUT_S = 10


class Totals(msgspec.Struct, frozen=True):
    """`privacy_violations`: events refused because they held personal data in the clear."""

    privacy_violations: int


class Taken(msgspec.Struct, frozen=True):
    """Everything the stand-in took."""

    events: list[Accepted]
    totals: Totals


_decode = msgspec.json.Decoder(Taken).decode


class Ledger:
    """GET /ledger of `capi platforms`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def read(self) -> Taken:
        """As of now. Raises httpx.HTTPError."""
        answer = await self._client.get("/ledger")
        return _decode(answer.raise_for_status().content)

    async def ready(self, every_s: float = 0.1) -> None:
        """Wait until the stand-in answers; the caller bounds the time."""
        while True:
            with suppress(httpx.HTTPError):
                (await self._client.get("/healthz")).raise_for_status()
                return
            await asyncio.sleep(every_s)


@asynccontextmanager
async def open_ledger(url: str) -> AsyncIterator[Ledger]:
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False) as client:
        yield Ledger(client)
