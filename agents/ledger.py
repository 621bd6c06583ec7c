"""The ledger: `faust -A agents.ledger worker`. Remembers what became of each event, answers who asks,
and serves the console."""

from __future__ import annotations

from functools import partial

from agents.access.guard import user_of
from agents.access.users import Users
from agents.console.app import routes as console_routes
from agents.console.desk import Desk
from agents.ledger_client import Ledgers
from agents.ledger_role import SOURCES, Ledger, serve_ledger
from agents.ledger_web import LedgerWeb
from agents.session_workers import SessionWorkers
from agents.standing_metrics import serve_standing
from streams.ledger.answering import answering
from streams.ledger.book import Book
from streams.ledger.checking import check_row
from streams.ledger.parts import Keep
from streams.log import setup
from streams.runs import RunApp
from streams.settings import Settings, load_settings


def create_app(settings: Settings) -> RunApp:
    app = RunApp(settings, "ledger", SOURCES)
    table = app.run_table("ledger", bytes, bytes, check=check_row)
    users = Users(settings.console_users)

    def web(ledger: Ledger) -> LedgerWeb:
        ledgers = Ledgers(settings, lambda: ledger.workers)
        desk = Desk(settings, users, ledgers, SessionWorkers(settings))
        known = partial(user_of, settings, users)
        return LedgerWeb(
            settings, ledger.answer, ledgers.ask, lambda: ledger.away, known, lambda: console_routes(desk)
        )

    book = Book(table, keep_of(settings))
    serve_ledger(app, table, book, lambda query: answering(query, book), web)
    serve_standing(app)
    return app


def keep_of(settings: Settings) -> Keep:
    return Keep(
        ledger_ms=int(settings.ledger_s * 1000),
        minutes_ms=int(settings.ledger_minutes_s * 1000),
        events=settings.ledger_events,
    )


def _main() -> RunApp:
    settings = load_settings()
    setup(settings, "ledger")
    return create_app(settings)


app = _main()
