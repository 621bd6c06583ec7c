"""One POST over HTTP. Knows nothing of platforms."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec
import stamina

from sinks.platforms.contract import Request
from sinks.platforms.proof import proven_body
from streams.settings import Settings

CONNECT_TIMEOUT_S = 5.0
KEEP_ALIVE_S = 15.0  # shorter than what servers keep: a POST into a closing connection is in doubt
MOST_ANSWER_BYTES = 1_000_000
# Nothing was sent when these are raised, so trying again cannot deliver twice. A certificate that is wrong stays
# wrong, but costs two quick tries only.
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

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


class Secrets(msgspec.Struct, frozen=True):
    """What a POST needs beside its request, read just before it. `app_secret` is "" where none is configured."""

    token: str
    app_secret: str = ""

    def __repr__(self) -> str:
        return "Secrets(***)"


class PostError(Exception):
    """There was no complete answer. `in_doubt`: the platform may have taken the events."""

    def __init__(self, why: str, in_doubt: bool) -> None:
        super().__init__(why)
        self.in_doubt = in_doubt


class Poster:
    """Kept-alive HTTP/1.1 connections, as many as POSTs are under way: lanes bound those, and a limit here would
    let a silent pixel hold up the others. Certificates are verified; redirects are not followed.

    Open it inside the event loop that uses it.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout_s = settings.post_timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(
                total=self._timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, self._timeout_s)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,  # proxies
        )

    async def post(self, request: Request, secrets: Secrets) -> Answer:
        """The platform's answer, whatever it says. Raises PostError, without URL or body in its message."""
        header = request.token_header
        headers = {**request.headers, header.name: header.prefix + secrets.token}
        try:
            return await self._persist(
                request.url, headers, proven_body(request, secrets.token, secrets.app_secret)
            )
        except NOT_SENT as error:
            raise PostError(type(error).__name__, in_doubt=False) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise PostError(type(error).__name__, in_doubt=True) from None

    async def close(self) -> None:
        await self._session.close()

    async def _persist(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        # a block, not stamina's decorator or caller: those log the arguments, and here that is token and body
        async for attempt in stamina.retry_context(on=NOT_SENT, **BRIEFLY):
            with attempt:
                return await self._once(url, headers, body)
        raise AssertionError("unreachable")

    async def _once(self, url: str, headers: dict[str, str], sent: bytes) -> Answer:
        async with (
            asyncio.timeout(self._timeout_s),
            self._session.post(url, data=sent, headers=headers, allow_redirects=False) as reply,
        ):
            body = b""
            async for piece in reply.content.iter_chunked(65_536):
                body += piece
                if len(body) > MOST_ANSWER_BYTES:
                    raise PostError("answer too long", in_doubt=True)
            return Answer(reply.status, dict(reply.headers), body)
