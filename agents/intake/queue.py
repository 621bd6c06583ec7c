"""The Redis list that apps push to, as one worker of several sees it.

| key                     | holds                                                                 |
|-------------------------|-----------------------------------------------------------------------|
| `queue:capi`            | items as the apps pushed them                                         |
| `queue:capi:taken:<w>`  | what worker `<w>` has in hand, with tickets                           |
| `queue:capi:orphans`    | what dead workers had in hand                                         |
| `queue:capi:workers`    | set of the workers that may have something in hand                    |
| `queue:capi:alive:<w>`  | says that the worker lives; goes by itself when it does not say so    |

Items hold personal data in clear: none is in a log, an error or a command's arguments, which Redis itself may
log, and none stays in Redis once Kafka has its event.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from agents.intake.scripts import LEAVE, RECOVER, TAKE
from agents.intake.tickets import Entry, prefix, read_entry
from streams.raw import MAX_RECORD_BYTES
from streams.settings import Settings

ALIVE_S = 15
ANSWER_S = 5.0
BATCH_BYTES = 1_000_000  # a batch stops there, so that Redis is never busy with one for long
ERRORS = (RedisError, OSError, TimeoutError)


class QueueError(Exception):
    """Redis does not answer or refuses; the message says why and holds nothing of an item."""


class Batch(NamedTuple):
    """What a worker has in hand, and how many items wait in the queue and among the orphans."""

    entries: Sequence[Entry]
    queued: int
    orphans: int

    @property
    def ticket(self) -> bytes:
        """By which it is settled; b"" when nothing is in hand."""
        return self.entries[0].ticket if self.entries else b""


class TakenQueue:
    """`take` until nothing is left, `beat` every few seconds, `recover` now and then, `leave` at the end."""

    def __init__(self, settings: Settings) -> None:
        self.name = settings.intake_queue
        self.worker = secrets.token_hex(8)
        self._items = settings.intake_items
        self._pop = "RPOP" if settings.intake_pushed == "left" else "LPOP"
        self._calls = 0
        self._redis = Redis.from_url(
            settings.intake_redis_url or settings.redis_url,
            client_name="capi-intake",
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),  # a repeated call must have tickets of its own
        )
        self._take, self._recover, self._leave = map(self._redis.register_script, (TAKE, RECOVER, LEAVE))

    async def take(self, settled: bytes) -> Batch:
        """The next batch; `settled` is the ticket of the one before, or b"" when Kafka does not have that one.

        May be called again after an error: what the lost answer gave comes once more. Raises QueueError.
        """
        self._calls += 1
        taken_ms = time.time_ns() // 1_000_000
        tickets = prefix(self.worker, self._calls), f"/{taken_ms}|"
        limits = self._items, BATCH_BYTES, MAX_RECORD_BYTES, ALIVE_S
        keys = self.name, self._own, self._key("orphans"), self._key("workers"), self._sign
        queued, orphans, *raw = await self._ask(
            self._take(keys=keys, args=(self.worker, settled, *tickets, *limits, self._pop))
        )
        return Batch([read_entry(self.name, one) for one in raw], queued, orphans)

    async def beat(self) -> None:
        """Say that this worker lives: nobody takes over what it has in hand. Raises QueueError."""
        await self._ask(self._redis.set(self._sign, 1, ex=ALIVE_S))

    async def recover(self) -> int:
        """Make orphans of what the dead had in hand; how many. Raises QueueError."""
        keys = self._key("workers"), self._key("orphans")
        found: int = await self._ask(
            self._recover(keys=keys, args=(self.worker, self._key("taken:"), self._key("alive:")))
        )
        return found

    async def leave(self, settled: bytes) -> int:
        """How many items were left in hand, for the next worker to take over at once. Raises QueueError."""
        keys = self._own, self._key("workers"), self._sign
        left: int = await self._ask(self._leave(keys=keys, args=(self.worker, settled)))
        return left

    async def close(self) -> None:
        with suppress(*ERRORS):
            await self._redis.aclose()

    async def _ask(self, answer: Any) -> Any:
        try:
            return await answer
        except ResponseError as error:
            raise QueueError(str(error)) from None  # Redis's words for what is wrong with a key or a command
        except ERRORS as error:
            with suppress(*ERRORS):
                await self._redis.connection_pool.disconnect()  # half an answer may still be in the socket
            raise QueueError(type(error).__name__) from None

    @property
    def _own(self) -> str:
        return self._key(f"taken:{self.worker}")

    @property
    def _sign(self) -> str:
        return self._key(f"alive:{self.worker}")

    def _key(self, name: str) -> str:
        return f"{self.name}:{name}"
