"""One POST over HTTP. Knows nothing of platforms."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import stamina

from sinks.platforms.contract import Request
from streams.settings import Settings

CONNECTIONS = 5  # httpx slows down with more: 1,216 requests/s at 5, 175 at 50
CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 30.0
# Nothing was sent when these are raised, so trying again cannot deliver twice.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

BRIEFLY: dict[str, Any] = {
    "attempts": 3,
    "timeout": 2.0,
    "wait_initial": 0.1,
    "wait_max": 0.5,
    "wait_jitter": 0.1,
}


class Answer(msgspec.Struct, frozen=True):
    """A complete HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class PostError(Exception):
    """There was no complete answer. `in_doubt`: the platform may have taken the events."""

    def __init__(self, why: str, in_doubt: bool) -> None:
        super().__init__(why)
        self.in_doubt = in_doubt


class Poster:
    """A pool of at most CONNECTIONS kept-alive HTTP/1.1 connections. Follows no redirects."""

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.post_timeout_s
        limits = httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_S,
        )
        timeout = httpx.Timeout(self._timeout_s, connect=min(CONNECT_TIMEOUT_S, self._timeout_s))
        self._client = httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False)

    async def post(self, request: Request, token: str) -> Answer:
        """The platform's answer, whatever it says. Raises PostError, without URL or body in its message."""
        try:
            return await self._persist(request, token)
        except NOT_SENT as error:
            raise PostError(type(error).__name__, in_doubt=False) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise PostError(type(error).__name__, in_doubt=True) from None

    async def close(self) -> None:
        await self._client.aclose()

    async def _persist(self, request: Request, token: str) -> Answer:
        # a block, not stamina's decorator or caller: those log the arguments, and here that is token and body
        async for attempt in stamina.retry_context(on=NOT_SENT, **BRIEFLY):
            with attempt:
                return await self._once(request, token)
        raise AssertionError("unreachable")

    async def _once(self, request: Request, token: str) -> Answer:
        header = request.token_header
        headers = {**request.headers, header.name: header.prefix + token}
        async with asyncio.timeout(self._timeout_s):  # httpx's own limit starts again with every byte
            reply = await self._client.post(request.url, content=request.body, headers=headers)
        return Answer(reply.status_code, dict(reply.headers), reply.content)
