"""Meta's own match quality of a pixel, which it calls Dataset Quality.

Source: developers.facebook.com/docs/marketing-api/conversions-api/dataset-quality-api (page of May 2025 and later,
read November 2026): `GET /<version>/dataset_quality` with `dataset_id` and `fields`, for `web` events only; a
score of 0 to 10 per event name and the share of events with each key. The token needs "Use events dataset" and
`ads_read`.
UNCONFIRMED, for nothing here was tried against the live platform: the token as a header (the page shows it in the
URL, the Graph API takes both), the full list of `identifier`s, and what a pixel without any event is answered.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from time import monotonic
from typing import Any

import httpx
import msgspec

from streams.settings import Settings
from streams.tenants import Destination, TenantsError

PLATFORM = "meta"
FIELDS = "web{event_name,event_match_quality{composite_score,match_key_feedback{identifier,coverage{percentage}}}}"
CACHE_S, FAILED_S = 3600.0, 60.0
MOST_BYTES, MOST_PIXELS, TOGETHER = 1_000_000, 500, 4


class DatasetQualityError(Exception):
    """There is no answer; the message says why, and holds neither token nor address."""


class EventQuality(msgspec.Struct, frozen=True):
    """One event name. `score` 0 to 10, None when Meta gives none; `coverage`: Meta's names of keys, in percent."""

    event_name: str
    score: float | None = None
    coverage: dict[str, float] = {}


Events = tuple[EventQuality, ...]


class _Percentage(msgspec.Struct):
    percentage: float | None = None


class _Key(msgspec.Struct):
    identifier: str
    coverage: _Percentage | None = None


class _Match(msgspec.Struct):
    composite_score: float | None = None
    match_key_feedback: list[_Key] = []


class _Web(msgspec.Struct):
    event_name: str
    event_match_quality: _Match | None = None


class _Answer(msgspec.Struct):
    web: list[_Web] = []


_decode = msgspec.json.Decoder(_Answer, strict=False).decode


def parse_quality(body: bytes) -> Events:
    """Takes any bytes. Raises DatasetQualityError."""
    try:
        answer = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DatasetQualityError("Meta's answer has another shape than documented") from None
    return tuple(_event(web) for web in answer.web)


def _event(web: _Web) -> EventQuality:
    match = web.event_match_quality or _Match()
    coverage = {
        key.identifier: key.coverage.percentage
        for key in match.match_key_feedback
        if key.coverage and key.coverage.percentage is not None
    }
    return EventQuality(web.event_name, match.composite_score, coverage)


class DatasetQuality:
    """Asks, and remembers an answer for an hour and a failure for a minute. `now_s` is monotonic."""

    def __init__(self, settings: Settings, now_s: Callable[[], float] = monotonic) -> None:
        self._url = f"{settings.meta_url}/{settings.meta_version}/dataset_quality"
        self._timeout_s, self._now_s = settings.post_timeout_s, now_s
        self._known: dict[str, tuple[float, Events | str]] = {}
        self._few = asyncio.Semaphore(TOGETHER)

    async def of(self, destination: Destination) -> Events:
        """Raises DatasetQualityError."""
        async with self._few:
            answer = self._remembered(destination.pixel_id)
            if answer is None:
                answer = await self._fresh(destination)
        if isinstance(answer, str):
            raise DatasetQualityError(answer)
        return answer

    def _remembered(self, pixel_id: str) -> Events | str | None:
        until_s, answer = self._known.get(pixel_id, (0.0, None))
        return answer if self._now_s() < until_s else None

    async def _fresh(self, destination: Destination) -> Events | str:
        answer: Events | str
        try:
            answer = parse_quality(await self._get(destination))
        except (DatasetQualityError, TenantsError) as error:
            answer = str(error)
        if len(self._known) >= MOST_PIXELS:
            self._known.clear()
        lasts_s = FAILED_S if isinstance(answer, str) else CACHE_S
        self._known[destination.pixel_id] = self._now_s() + lasts_s, answer
        return answer

    async def _get(self, destination: Destination) -> bytes:
        token = destination.read_quality_token()
        headers = {"Authorization": f"Bearer {token}"}
        params = {"dataset_id": destination.pixel_id, "fields": FIELDS}
        if secret := destination.read_app_secret():  # a GET has no body to put it in
            params["appsecret_proof"] = hmac.digest(secret.encode(), token.encode(), "sha256").hex()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(timeout=self._timeout_s) as client,
                client.stream("GET", self._url, params=params, headers=headers) as reply,
            ):
                return await _body(reply)
        except (httpx.HTTPError, TimeoutError) as error:
            raise DatasetQualityError(f"Meta does not answer ({type(error).__name__})") from None


async def _body(reply: httpx.Response) -> bytes:
    body = b""
    async for piece in reply.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise DatasetQualityError("Meta's answer is too long")
    if reply.status_code != 200:
        raise DatasetQualityError(_refusal(reply.status_code, body))
    return body


def _refusal(status: int, body: bytes) -> str:
    try:
        error: Any = msgspec.json.decode(body)["error"]
        code = int(error["code"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, ValueError):
        return f"Meta answered HTTP {status}"
    if code in (10, 102, 190, 200):
        return f"Meta refuses the token (code {code}): it needs ads_read and the right to use this dataset"
    return f"Meta refused with code {code}"
