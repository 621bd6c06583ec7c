"""Connections to the centre. Certificates are looked at before each POST, so that rotated ones count at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog

from sinks.gateway.tls import client_context, stamp
from streams.settings import Settings

log = structlog.get_logger(__name__)


class _Link:
    def __init__(self, client: httpx.AsyncClient, files: object) -> None:
        self.client, self.files = client, files
        self.users = 0


class Links:
    """One connection pool at a time; one whose certificates were replaced ends with its last POST."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._paths = (settings.gateway_ca, settings.gateway_cert, settings.gateway_key)
        self._link: _Link | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """For one POST. Raises OSError when the certificates cannot be used, and never could."""
        former, link = self._link, self._newest()
        if former is not None and former is not link:
            await _close_unused(former)
        link.users += 1
        try:
            yield link.client
        finally:
            link.users -= 1
            if link is not self._link:
                await _close_unused(link)

    def _newest(self) -> _Link:
        try:
            files = stamp(self._paths)
            if self._link is None or self._link.files != files:
                self._link = _Link(self._open(), files)
        except OSError as error:
            if self._link is None:
                raise
            log.warning("the new certificates cannot be used; going on with the old", why=str(error))
        return self._link

    def _open(self) -> httpx.AsyncClient:
        settings = self._settings
        number = settings.gateway_posts_in_flight
        return httpx.AsyncClient(
            verify=client_context(*self._paths),
            timeout=settings.gateway_timeout_s,
            limits=httpx.Limits(max_connections=number, max_keepalive_connections=number, keepalive_expiry=30),
        )

    async def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.client.aclose()


async def _close_unused(link: _Link) -> None:
    if not link.users:
        await link.client.aclose()
