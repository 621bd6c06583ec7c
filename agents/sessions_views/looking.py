"""What a session worker finds in its own table. Looking is cut into slices: the agent goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from faust.types import TP

from streams.runs import RunApp, RunTable
from streams.session_state import Limits, Session
from streams.session_view import (
    SessionList,
    SessionRow,
    SessionView,
    SessionWorker,
    Wanted,
    WorkerPartition,
    is_wanted,
    page_of,
    row_of,
    view_of,
)

LimitsOf = Callable[[bytes], Limits]
MOST_LOOKED_AT = 200_000  # sessions for one answer
SLICE = 500


class Looking:
    """`ready` says whether the table is this worker's truth: not before the first take-over, nor in one later."""

    def __init__(self, app: RunApp, table: RunTable, limits_of: LimitsOf) -> None:
        self._app, self._table, self._limits_of = app, table, limits_of
        self._owned: tuple[int, ...] | None = None
        app.on_taken_over.append(self._taken_over)

    def _taken_over(self, partitions: set[int]) -> None:
        self._owned = tuple(sorted(partitions))

    @property
    def ready(self) -> bool:
        return self._owned is not None and not self._app.rebalancing

    @property
    def owned(self) -> tuple[int, ...]:
        """Partitions, by number."""
        return self._owned or ()

    async def page(self, wanted: Wanted) -> SessionList:
        keys = [(number, key) for number in self._owned or () for key in self._table.keys_of(number)]
        found: list[SessionRow] = []
        for start in range(0, min(len(keys), MOST_LOOKED_AT), SLICE):
            some = (self._row(number, key) for number, key in keys[start : start + SLICE])
            found += [row for row in some if row is not None and is_wanted(row, wanted)]
            await asyncio.sleep(0)
        rows, after = page_of(found, wanted)
        looked_at = min(len(keys), MOST_LOOKED_AT)
        return SessionList(
            rows=rows, after=after, found=len(found), looked_at=looked_at, partial=looked_at < len(keys)
        )

    def one(self, key: bytes) -> SessionView | None:
        session = self._session(key)
        number = next((n for n in self._owned or () if key in self._table.keys_of(n)), None)
        if session is None or number is None:
            return None
        return view_of(key, number, session, self._limits_of(key), self._undecided(number))

    async def worker(self) -> SessionWorker:
        state = "ready" if self.ready else "rebalancing" if self._app.rebalancing else "recovering"
        peers = sorted(map(str, self._app.router.tables_metadata())) if self._owned is not None else []
        return SessionWorker(
            url=str(self._app.conf.canonical_url).rstrip("/"),
            state=state,  # type: ignore[arg-type]
            partitions=tuple([await self._partition(number) for number in self._owned or ()]),
            restored=self._app.pulse.restored,
            peers=tuple(peer.rstrip("/") for peer in peers),
        )

    async def _partition(self, number: int) -> WorkerPartition:
        held, keys = 0, [*self._table.keys_of(number)]
        for start in range(0, len(keys), SLICE):
            sessions = (self._session(key) for key in keys[start : start + SLICE])
            held += sum(len(session.held) for session in sessions if session is not None)
            await asyncio.sleep(0)
        tp, pulse = self._tp(number), self._app.pulse
        end = (self._app.consumer.highwater(tp) or 0) if tp in self._app.consumer.assignment() else 0
        read = pulse.reached.get(tp, 0) or end
        return WorkerPartition(
            partition=number,
            sessions=len(keys),
            held=held,
            read=read,
            committed=pulse.committed.get(tp, 0) or read,
            end=end,
            lag=max(0, end - read),
            undecided=self._undecided(number),
        )

    def _undecided(self, number: int) -> int:
        tp, pulse = self._tp(number), self._app.pulse
        return max(0, pulse.reached.get(tp, 0) - pulse.committed.get(tp, pulse.reached.get(tp, 0)))

    def _row(self, number: int, key: bytes) -> SessionRow | None:
        session = self._session(key)  # it may be gone since the keys were read
        return None if session is None else row_of(key, number, session, self._limits_of(key))

    def _session(self, key: bytes) -> Session | None:
        return cast("Session | None", self._table.data.data.get(key))

    def _tp(self, number: int) -> TP:
        return TP(self._app.sources[0], number)
