"""A ledger worker with a book that only counts what it hears, by place in the log."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, MutableMapping
from types import SimpleNamespace

from aiohttp import web

from agents.ledger_role import SOURCES, Ledger, Told, serve_ledger
from agents.ledger_web import Asker, LedgerWeb
from streams.events import Erase
from streams.ledger.answers import Answer, Holds
from streams.ledger.live import Place
from streams.ledger.queries import Query
from streams.runs import RunApp
from streams.settings import load_settings


class Tally:
    """`save` writes what was heard since, as a book does that gathers a run."""

    def __init__(self, table: MutableMapping[bytes, int]) -> None:
        self._table, self._heard, self.events = table, list[bytes](), 0

    def starting_over(self, partitions: Mapping[int, Iterable[bytes]]) -> Iterator[None]:
        self.events = sum(1 for keys in partitions.values() for _ in keys)
        yield

    def apply(self, value: Told, place: Place) -> None:
        self._heard.append(f"{place.topic}:{place.partition}:{place.offset}".encode())
        self.events += 1

    def erasing(self, erase: Erase, place: Place) -> Iterator[None]:
        self.apply(erase, place)
        yield

    def advance(self, partition: int, now_ms: int) -> None:
        assert now_ms > 0

    def save(self) -> None:
        for key in self._heard:
            self._table[key] = self._table.get(key, 0) + 1
        self._heard.clear()

    def answering(self, query: Query) -> Generator[None, None, Answer]:
        yield
        return Holds(events=self.events)


async def user_of(headers: Mapping[str, str]) -> Asker | None:
    known = {"all": None, "one": ("default",)}
    name = headers.get("Authorization", "")
    return SimpleNamespace(tenants=known[name]) if name in known else None


def web_of(ledger: Ledger) -> LedgerWeb:
    async def workers(_: web.Request) -> web.Response:
        return web.json_response(ledger.workers)

    return LedgerWeb(
        settings,
        ledger.answer,
        ledger.answer,
        lambda: ledger.away,
        user_of,
        lambda: [web.get("/workers", workers)],
    )


settings = load_settings()
app = RunApp(settings, "ledger", SOURCES)
table = app.run_table("ledger", encode=lambda n: b"%d" % n, decode=int)
tally = Tally(table)
serve_ledger(app, table, tally, tally.answering, web_of)
