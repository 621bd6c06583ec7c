"""The client site's side: each batch is POSTed until the centre has taken it, or has refused it for good.

Kafka is the buffer. Nothing is given up for time: a centre that is away, blocked or wrongly set up is waited for.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import httpx
import msgspec
from prometheus_client import Counter

from sinks.gateway.links import Links
from sinks.gateway.trouble import Trouble
from sinks.gateway.verdict import Refusal, Taken, Verdict, Wait, verdict
from streams.events import UNREADABLE, decode_batch
from streams.log import about
from streams.settings import Settings
from streams.signing import SecretError, signed_headers
from streams.tenants import TenantsError, read_secrets

POSTS = Counter("capi_gateway_posts_total", "POSTs of batches to the central site", ["outcome"])
OUTCOMES: dict[type[Verdict], str] = {Taken: "taken", Refusal: "refused", Wait: "not_now"}

PATH = "/v1/batches"
SITE = "X-Capi-Site"
FIRST_PAUSE_S, MOST_PAUSE_S = 0.2, 30.0
GZIP_LEVEL = 4
BATCH_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


Leaving = Callable[[bytes], bytes]


def whole_of(batch: bytes) -> bytes:
    return batch


class Head(msgspec.Struct):
    """What the client looks at of a batch."""

    batch_id: str


_head = msgspec.json.Decoder(Head).decode


class Letter(NamedTuple):
    """A batch as it goes over the wire."""

    batch_id: str
    body: bytes
    encoding: dict[str, str]


class Gateway:
    """`send` batches; safe to cancel at any time, and to send again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = settings.gateway_url.rstrip("/") + PATH
        self._links = Links(settings)
        self._trouble = Trouble()
        self._slots = asyncio.Semaphore(settings.gateway_posts_in_flight)

    async def send(self, batches: Sequence[bytes], leaving: Leaving = whole_of) -> list[Refusal | None]:
        """Returns when the centre has answered for each of the encoded batches: None is taken. `leaving` is asked
        before each POST what of the batch may still leave; b"" is nothing, and then it is done with."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._send(batch, leaving)) for batch in batches]
        return [task.result() for task in tasks]

    async def close(self) -> None:
        await self._links.close()

    async def _send(self, batch: bytes, leaving: Leaving) -> Refusal | None:
        async with self._slots:  # kept while waiting: a centre that is away is asked by these few, not by all
            whole = letter_of(batch, self._settings.gateway_gzip_bytes)
            if whole is None:
                return Refusal("not a batch")
            try:
                answer = await self._until_answered(batch, whole, leaving)
            finally:
                self._trouble.forget(whole.batch_id)
        return answer if isinstance(answer, Refusal) else None

    async def _until_answered(self, batch: bytes, whole: Letter, leaving: Leaving) -> Taken | Refusal:
        for pause_s in pauses():
            left = leaving(batch)
            letter = whole if left == batch else letter_of(left, self._settings.gateway_gzip_bytes)
            if letter is None:
                return Taken()
            answer = await self.post(letter)
            POSTS.labels(OUTCOMES[type(answer)]).inc()
            if not isinstance(answer, Wait):
                self._trouble.over(whole.batch_id)
                return answer
            self._trouble.note(whole.batch_id, answer, partial(ids_of, batch))
            await asyncio.sleep(max(answer.seconds, pause_s))
        raise AssertionError("the pauses do not end")

    async def post(self, letter: Letter) -> Verdict:
        """One attempt. Never raises."""
        settings = self._settings
        try:
            headers = {"Content-Type": "application/json", SITE: settings.gateway_site, **letter.encoding}
            headers |= own_signature(settings, letter.batch_id, letter.body)
            async with self._links.client() as client:
                response = await client.post(self._url, content=letter.body, headers=headers)
        except (TenantsError, SecretError) as error:
            return Wait(f"the secret cannot be used: {error}", alarm=True)
        except (httpx.HTTPError, OSError) as error:
            return unreached(error)
        return verdict(response.status_code, response.headers, response.content)


def own_signature(settings: Settings, ident: str, body: bytes) -> dict[str, str]:
    """Headers that say it is this site, empty without secrets. Raises TenantsError, SecretError."""
    places = settings.gateway_secrets
    if not places:
        return {}
    secrets = read_secrets(places, "CAPI_GATEWAY_SECRETS")
    return signed_headers(secrets, ident, int(time.time()), body)


def letter_of(batch: bytes, gzip_above: int) -> Letter | None:
    """None when it is no batch: everything else is the centre's to judge."""
    try:
        ident = _head(batch).batch_id
    except UNREADABLE:
        return None
    if not BATCH_ID.fullmatch(ident):
        return None
    if len(batch) <= gzip_above:
        return Letter(ident, batch, {})
    return Letter(ident, gzip.compress(batch, GZIP_LEVEL, mtime=0), {"Content-Encoding": "gzip"})


def ids_of(batch: bytes) -> Mapping[str, str]:
    """What the log calls a batch by: its first event."""
    try:
        events = decode_batch(batch).events
    except UNREADABLE:
        return {}
    return about(events[0].event) if events else {}


def pauses() -> Iterator[float]:
    """For ever, doubling, with 20 % of chance so that sites do not come back all at once."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.8, 1.2)
        pause_s = min(2 * pause_s, MOST_PAUSE_S)


def unreached(error: Exception) -> Wait:
    """No answer. TLS that does not come about stays so until somebody corrects it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "CERTIFICATE" in str(cause):
            return Wait(f"no TLS with the centre: {cause}", alarm=True)
        cause = cause.__cause__ or cause.__context__
    return Wait(f"no answer ({type(error).__name__})")
