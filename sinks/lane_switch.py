"""The operator's switch: which pixels are paused. `capi dest` turns it, delivery workers look at it.

Redis hash `<namespace>:paused`, field `<platform>:<pixel_id>`, value JSON of :class:`Pause`. A pause lasts until
someone ends it, also over restarts; it holds for the pixel, so for every tenant that uses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import cast

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.redaction import redact
from streams.settings import Settings

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # an answer counts this long
BREAK_S = 3.0  # after a failure Redis is left alone this long
ERRORS = (RedisError, OSError, TimeoutError)

Lane = tuple[str, str]  # platform, pixel_id


class Pause(msgspec.Struct, frozen=True):
    """Who stopped a lane, when (Unix ms) and why."""

    who: str
    since_ms: int
    why: str = ""


class SwitchError(Exception):
    """Redis could not be asked or told; nothing was changed for certain."""


class LaneSwitch:
    """`paused` is for workers and never fails; the other questions are for people and raise SwitchError."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._key = f"{settings.namespace}:paused"
        self._timeout_s, self._now_s = settings.redis_timeout_s, now_s
        self._known: frozenset[Lane] = frozenset()
        self._good_until_s = float("-inf")
        self._looking = asyncio.Lock()
        self._redis = Redis.from_url(
            settings.redis_url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
        )

    async def paused(self) -> frozenset[Lane]:
        """The paused lanes, at most LOOK_S old. While Redis does not answer: those last seen, at first none."""
        async with self._looking:
            if self._now_s() >= self._good_until_s:
                await self._look()
        return self._known

    async def pauses(self) -> dict[Lane, Pause]:
        """Every pause as it is now."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return _read(cast(Mapping[bytes, bytes], await self._redis.hgetall(self._key)))
        except ERRORS as error:
            raise SwitchError(_why(error)) from error

    async def pause(self, lane: Lane, pause: Pause) -> bool:
        """False when it was paused already; the first pause stays as it is. The reason is kept redacted."""
        value = msgspec.json.encode(msgspec.structs.replace(pause, why=redact(pause.why)))
        try:
            async with asyncio.timeout(self._timeout_s):
                return bool(await self._redis.hsetnx(self._key, _field(lane), value))
        except ERRORS as error:
            raise SwitchError(_why(error)) from error

    async def resume(self, lane: Lane) -> bool:
        """False when it was not paused."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return bool(await self._redis.hdel(self._key, _field(lane)))
        except ERRORS as error:
            raise SwitchError(_why(error)) from error

    async def close(self) -> None:
        with suppress(*ERRORS):
            await self._redis.aclose()

    async def _look(self) -> None:
        try:
            self._known = frozenset(await self.pauses())
        except SwitchError as error:
            self._good_until_s = self._now_s() + BREAK_S
            log.warning("cannot see which pixels are paused; going by the last answer", why=str(error))
        else:
            self._good_until_s = self._now_s() + LOOK_S


def _field(lane: Lane) -> str:
    return ":".join(lane)


def _read(found: Mapping[bytes, bytes]) -> dict[Lane, Pause]:
    pauses = {}
    for field, value in found.items():
        platform, _, pixel_id = field.decode(errors="replace").partition(":")
        pauses[platform, pixel_id] = _pause(value)
    return pauses


def _pause(value: bytes) -> Pause:
    try:
        return msgspec.json.decode(value, type=Pause)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Pause(who="unknown", since_ms=0)  # whatever the value is, the field says: paused


def _why(error: BaseException) -> str:
    return f"Redis does not answer ({type(error).__name__}); CAPI_REDIS_URL says where it is"
