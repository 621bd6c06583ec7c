"""People who are erased from the console: one at a time, in the background.

What is begun goes on when the page is closed. When this process ends meanwhile, Kafka has the request and the
roles carry it out; parked jobs may be left, and are not sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

import msgspec
import structlog

from agents.console.dead_letters import BusyError
from agents.erase_report import rows
from agents.erasing import Result
from sinks.erasures import ErasureError
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from streams.settings import Settings

log = structlog.get_logger(__name__)

FAILURES = (ErasureError, OffsetsError, KafkaAdminError)


class Work(msgspec.Struct, kw_only=True):
    """An erasure, under way or over. `target` is fields and first digits of digests: `ph 1b0c…, ph_e164 77d2…`.

    `removed` is where -> what, `waits_for` roles that were not that far, `step` what is waited for now, `why` it
    failed. `done`: everywhere.
    """

    who: str
    tenant: str
    target: str
    started_ms: int
    ended_ms: int = 0
    step: str = "Kafka"
    removed: dict[str, str] = {}
    waits_for: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    done: bool = False
    why: str = ""

    @property
    def running(self) -> bool:
        return not self.ended_ms

    @property
    def result(self) -> str:
        """For the audit."""
        removed = [f"{where}: {what}" for where, what in self.removed.items()]
        late = [f"{role} was not that far in time" for role in self.waits_for]
        return "; ".join([*removed, *late, *self.problems, *([f"it failed: {self.why}"] if self.why else [])])

    def take(self, result: Result) -> None:
        self.removed = dict(rows(result.found, result.held))
        self.waits_for, self.problems = tuple(result.found.waits_for), tuple(result.problems)
        self.done = result.found.done


Run = Callable[[Callable[[str], None]], Awaitable[Result]]  # is given whom to tell what is waited for
Ended = Callable[[Work], Awaitable[None]]


class People:
    """One for a process. `begin` from the same event loop only."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self.work: Work | None = None

    @property
    def busy(self) -> bool:
        return self.work is not None and self.work.running

    def begin(self, run: Run, work: Work, ended: Ended) -> None:
        """In the background. `ended` is told the result. Raises BusyError."""
        if self.busy:
            raise BusyError
        self.work = work
        self._task = asyncio.create_task(_carry_out(run, work, ended))


async def _carry_out(run: Run, work: Work, ended: Ended) -> None:
    def progress(what: str) -> None:
        work.step = what

    try:
        work.take(await run(progress))
    except FAILURES as error:
        work.why = str(error)
    except asyncio.CancelledError:
        work.why = "the console was stopped"
        raise
    except Exception as error:  # not its words: they could quote what was sent
        log.error("an erasure ended in an error of ours", why=type(error).__name__)
        work.why = f"an error of ours, {type(error).__name__}"
    finally:
        work.ended_ms = time.time_ns() // 1_000_000
    await ended(work)


@lru_cache(maxsize=8)
def people_of(settings: Settings) -> People:
    """That of this process."""
    return People()
