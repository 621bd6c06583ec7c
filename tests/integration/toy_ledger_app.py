"""A ledger worker with a book that only counts what it hears, by place in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from types import SimpleNamespace

from aiohttp import web

from agents.ledger_role import SOURCES, Ledger, Value, serve_ledger
from agents.ledger_web import Asker, LedgerWeb
from streams.events import Tick
from streams.ledger.answers import Answer, Holds
from streams.ledger.live import Place
from streams.ledger.queries import Query
from streams.runs import RunApp
from streams.settings import load_settings


class Tally:
    def __init__(self, table: MutableMapping[bytes, int]) -> None:
        self._table, self.keys = table, set[bytes]()

    @property
    def events(self) -> int:
        return len(self.keys)

    def start_over(self, partitions: Mapping[int, Iterable[bytes]]) -> None:
        self.keys = {key for keys in partitions.values() for key in keys}

    def apply(self, value: Value, place: Place) -> None:
        assert not isinstance(value, Tick)
        key = f"{place.topic}:{place.partition}:{place.offset}".encode()
        self._table[key] = self._table.get(key, 0) + 1
        self.keys.add(key)

    def advance(self, partition: int, now_ms: int) -> None:
        assert now_ms > 0

    def answer(self, query: Query) -> Answer:
        return Holds(events=len(self.keys))


async def user_of(headers: Mapping[str, str]) -> Asker | None:
    known = {"all": None, "one": ("default",)}
    name = headers.get("Authorization", "")
    return SimpleNamespace(tenants=known[name]) if name in known else None


def web_of(ledger: Ledger) -> LedgerWeb:
    async def workers(_: web.Request) -> web.Response:
        return web.json_response(ledger.workers)

    routes = [web.get("/workers", workers)]
    return LedgerWeb(settings, ledger.answer, lambda: app.rebalancing, user_of, routes)


settings = load_settings()
app = RunApp(settings, "ledger", SOURCES)
table = app.run_table("ledger", encode=lambda n: b"%d" % n, decode=int)
serve_ledger(app, table, Tally(table), web_of)
