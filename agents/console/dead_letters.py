"""Parked jobs for the console: looks that are short and remembered, and one replay or drop at a time.

A look holds the jobs that it has read until its end, and two sweeps at a time see only parts, so there is one lock
for all. What is begun goes on when the page is closed; it ends with this process, and the jobs that are left stay.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Literal

import msgspec
import structlog

from sinks.parked.drop import DropError, DropParked
from sinks.parked.messages import Parked, ParkedFilter
from sinks.parked.replay import ReplayParked
from sinks.parked.safe import why_not_look
from sinks.parked.sweep import Sweep
from sinks.parked.view import Group, shown
from sinks.rabbit import Publisher, PublishError
from sinks.rabbit.browse import BrowseError
from streams.settings import Settings

log = structlog.get_logger(__name__)

MOST_SEEN, LOOK_S, REMEMBER_S = 20_000, 10.0, 10.0
MOST_SINGLE, MOST_REMEMBERED = 50, 64
FAILURES = (BrowseError, PublishError, DropError)

Kind = Literal["replay", "drop"]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What lies there. `partly`: there are more than were looked at. `why` it failed, "" when it did not."""

    at_ms: int
    groups: tuple[Group, ...] = ()
    jobs: tuple[dict[str, Any], ...] = ()
    there: int = 0
    seen: int = 0
    readers: int = 0
    partly: bool = False
    why: str = ""

    @property
    def matched(self) -> int:
        return sum(group.count for group in self.groups)


class Work(msgspec.Struct, kw_only=True):
    """A replay or a drop, under way or done. `spared` jobs match, but could not be acted on."""

    kind: Kind
    who: str
    target: str
    started_ms: int
    ended_ms: int = 0
    done: int = 0
    spared: int = 0
    seen: int = 0
    there: int = 0
    why: str = ""

    @property
    def running(self) -> bool:
        return not self.ended_ms

    @property
    def result(self) -> str:
        done = f"{self.done} {'replayed' if self.kind == 'replay' else 'dropped'}"
        return f"{done}, then it failed: {self.why}" if self.why else done


Ended = Callable[[Work], Awaitable[None]]


class BusyError(Exception):
    """Another replay or drop is under way."""


class DeadLetters:
    """One for a process. `look` and `begin` from the same event loop only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one = asyncio.Lock()
        self._looks: dict[tuple[ParkedFilter, int], tuple[float, Look]] = {}
        self._task: asyncio.Task[None] | None = None
        self._lent = False
        self.work: Work | None = None

    @property
    def busy(self) -> bool:
        return self.work is not None and self.work.running

    async def look(self, wanted: ParkedFilter, single: int = 0) -> Look:
        """Groups, and up to `single` jobs one by one; as some seconds ago when they were looked at then."""
        known = self._remembered(wanted, single)
        if known is not None:
            return known
        if self.busy or self._lent:
            return Look(at_ms=_now_ms(), why="A replay, drop or erasure is under way and holds the parked jobs.")
        async with self._one:
            return self._remembered(wanted, single) or await self._look(wanted, single)

    def begin(self, kind: Kind, wanted: ParkedFilter, work: Work, ended: Ended, **options: Any) -> None:
        """In the background. `ended` is told the result. Options: `why` of a drop, `limit`, `per_second`.

        Raises BusyError.
        """
        if self.busy:
            raise BusyError
        self.work = work
        run = self._replay if kind == "replay" else self._drop
        self._task = asyncio.create_task(self._carry_out(run(wanted, **options), work, ended))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """For a sweep of another page: nobody else of this process has the parked jobs meanwhile."""
        async with self._one:
            self._lent = True
            try:
                yield
            finally:
                self._lent = False
                self._looks.clear()

    # -- looking

    def _remembered(self, wanted: ParkedFilter, single: int) -> Look | None:
        until_s, look = self._looks.get((wanted, single), (0.0, None))
        return look if time.monotonic() < until_s else None

    async def _look(self, wanted: ParkedFilter, single: int) -> Look:
        jobs: list[dict[str, Any]] = []

        def keep(parked: Parked) -> None:
            if len(jobs) < single:
                jobs.append(shown(parked))

        sweep = Sweep(self._settings, wanted, look=keep, most=MOST_SEEN)
        why = await self._looked(sweep)
        look = Look(
            at_ms=_now_ms(),
            groups=tuple(sweep.groups.largest_first()),
            jobs=tuple(jobs),
            there=sweep.there,
            seen=sweep.seen,
            readers=sweep.readers,
            partly=sweep.seen < sweep.there,
            why=why,
        )
        if len(self._looks) >= MOST_REMEMBERED:
            self._looks.clear()
        self._looks[wanted, single] = time.monotonic() + REMEMBER_S, look
        return look

    async def _looked(self, sweep: Sweep) -> str:
        if why := await asyncio.to_thread(why_not_look, self._settings):
            return why
        try:
            async with asyncio.timeout(LOOK_S):
                await sweep.run()
        except TimeoutError:
            return ""  # partly
        except BrowseError as error:
            return str(error)
        return ""

    # -- acting

    async def _carry_out(self, run: Awaitable[None], work: Work, ended: Ended) -> None:
        async with self._one:
            try:
                work.why = await asyncio.to_thread(why_not_look, self._settings)
                if not work.why:
                    await run
            except FAILURES as error:
                work.why = str(error)
            except asyncio.CancelledError:
                work.why = "the console was stopped"
                raise
            except Exception as error:
                log.error("a sweep of parked jobs ended in an error of ours", why=repr(error), exc_info=error)
                work.why = f"an error of ours, {type(error).__name__}"
            finally:
                _close(run)
                work.ended_ms = _now_ms()
                self._looks.clear()
        await ended(work)

    async def _replay(self, wanted: ParkedFilter, limit: int, per_second: float) -> None:
        publisher = Publisher(self._settings, "capi console replay")
        replaying = ReplayParked(publisher)
        sweep = Sweep(
            self._settings,
            wanted,
            act=replaying.act,
            can_act=replaying.can_act,
            limit=limit,
            per_second=per_second,
        )
        try:
            await self._swept(sweep)
        finally:
            await publisher.close()

    async def _drop(self, wanted: ParkedFilter, limit: int, why: str) -> None:
        dropping = DropParked(self._settings, why)
        try:
            await self._swept(Sweep(self._settings, wanted, act=dropping.act, limit=limit))
        finally:
            await dropping.close()

    async def _swept(self, sweep: Sweep) -> None:
        sweep.progress = self._progress
        try:
            await sweep.run()
        finally:
            self._progress(sweep)

    def _progress(self, sweep: Sweep) -> None:
        if work := self.work:
            work.done, work.spared, work.seen, work.there = sweep.done, sweep.spared, sweep.seen, sweep.there


@lru_cache(maxsize=8)
def dead_letters(settings: Settings) -> DeadLetters:
    """That of this process."""
    return DeadLetters(settings)


def _close(run: Awaitable[None]) -> None:
    if asyncio.iscoroutine(run):
        run.close()  # one that was never begun would warn


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
