"""Looking for one event id in all of a worker's sessions. In slices: the agent goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import cast

from agents.sessions_views.looking import MOST_LOOKED_AT, LimitsOf
from streams.runs import RunTable
from streams.session_find import MOST_FOUND, Found, Place, has, ids_in, where_in
from streams.session_state import Session

SLICE_IDS = 20_000  # compared between two breaths: about 1 ms
Tenants = tuple[str, ...] | None


class Finding:
    def __init__(self, table: RunTable, limits_of: LimitsOf) -> None:
        self._table, self._limits_of = table, limits_of

    async def find(self, event_id: str, partitions: Sequence[int], tenants: Tenants) -> Found:
        """In sessions of `tenants`, None for all. Only true when `partitions` are still owned afterwards."""
        places: list[Place] = []
        looked_at, left = 0, MOST_LOOKED_AT
        for number in partitions:
            keys = self._table.some_keys_of(number, left + 1)
            more, keys = len(keys) > left, keys[:left]
            places += await self._places(event_id, number, keys, tenants, MOST_FOUND + 1 - len(places))
            looked_at, left = looked_at + len(keys), left - len(keys)
            if more or len(places) > MOST_FOUND:
                return Found(places=tuple(places[:MOST_FOUND]), looked_at=looked_at, partial=True)
        return Found(places=tuple(places), looked_at=looked_at)

    async def _places(
        self, event_id: str, number: int, keys: Sequence[bytes], tenants: Tenants, most: int
    ) -> list[Place]:
        found, compared = list[Place](), 0
        for key, session in self._sessions(keys, tenants):
            compared += ids_in(session) if session else 1
            if session and has(session, event_id):
                found.append(where_in(key, number, session, self._limits_of(key), event_id))
                compared = SLICE_IDS  # a place is built of a whole session
                if len(found) == most:
                    break
            if compared >= SLICE_IDS:
                compared = 0
                await asyncio.sleep(0)
        return found

    def _sessions(self, keys: Sequence[bytes], tenants: Tenants) -> Iterator[tuple[bytes, Session | None]]:
        """None for one that is not to be seen, or is gone since the keys were read."""
        own = None if tenants is None else {tenant.encode() for tenant in tenants}
        values = self._table.data.data
        for key in keys:
            seen = own is None or key.partition(b"|")[0] in own
            yield key, cast("Session | None", values.get(key)) if seen else None
