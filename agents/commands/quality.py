"""`capi quality`: how good the match is, and what to fix first. The same figures as the console's page."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.asking import LedgerError, asked
from agents.changes import Json
from agents.quality_report import Report, period_ms, report
from agents.terminal import printable
from streams.ledger.queries import Query
from streams.ledger.shares import FRESH_S, KeyShare, Shares, with_several_pixels
from streams.settings import Settings, load_settings

ADVICE_SHOWN, KEYS_SHOWN = 10, 6
FRESH_HEADS = ("in 5 min", "in 2 h", "in 24 h")


def command(
    since: Annotated[str, typer.Option(help="How long back: 90m, 24h, 7d.")] = "24h",
    tenant: Annotated[str, typer.Option(help="Only this tenant's.")] = "",
    json: Json = False,
) -> None:
    """Show match scores, match keys, browser copies and freshness by event name, and what to fix first.

    It is asked of the console at CAPI_CONSOLE_URL. Exit 1 when that does not answer.

    Examples: capi quality; capi quality --since 7d --tenant shop --json
    """
    try:
        length_ms = period_ms(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    found = _report(load_settings(), length_ms, (tenant,) if tenant else None)
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    _print(found)


def _report(settings: Settings, length_ms: int, tenants: tuple[str, ...] | None) -> Report:
    async def ask(query: Query) -> Any:
        return await asyncio.to_thread(asked, settings, query)

    try:
        return asyncio.run(report(ask, length_ms, time.time_ns() // 1_000_000, tenants))
    except LedgerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _print(found: Report) -> None:
    console = Console(highlight=False)
    if not found.rows and not found.reasons:
        console.print("No event left a session in this time: choose a longer --since.")
        return
    several = with_several_pixels(found.rows)
    console.print(_table(found.rows, bool(several)))
    if found.events:
        share = found.enriched / found.events
        console.print(f"{found.enriched} of {found.events} events ({share:.0%}) were enriched by the backfill.")
    for number, one in enumerate(found.advice[:ADVICE_SHOWN], 1):
        pixel = one.pixel_id if (one.tenant, one.platform) in several else ""
        whom = " ".join(filter(None, (one.tenant, one.platform, pixel, one.event_name)))
        console.print(f"{number}. {_text(whom)}: {_text(one.what)} See {one.docs}.")


def _table(rows: tuple[Shares, ...], by_pixel: bool) -> Table:
    table, pixel = Table(), ("pixel",) if by_pixel else ()
    for name in ("tenant", "platform", *pixel, "event", "keys, with what was filled in"):
        table.add_column(name, overflow="fold")
    for name in ("events", "score", *FRESH_HEADS, "merged", "discarded", "twice", "alone"):
        table.add_column(name, justify="right")
    names = ("tenant", "platform", "pixel_id", "event_name") if by_pixel else ("tenant", "platform", "event_name")
    for row in rows:
        copies = row.copies
        table.add_row(
            *(_text(getattr(row, name)) for name in names),
            ", ".join(_key(key) for key in row.keys[:KEYS_SHOWN]),
            str(row.events),
            _score(row),
            *(f"{row.fresh[line]:.0%}" if row.fresh else "-" for line in FRESH_S),
            *(str(number) for number in (copies.merged, copies.discarded, copies.twice, copies.alone)),
        )
    return table


def _key(key: KeyShare) -> str:
    filled = f" (+{key.backfilled:.0%})" if key.backfilled else ""
    return f"{key.field} {key.own:.0%}{filled}"


def _score(row: Shares) -> str:
    if row.score is None:
        return "-"
    return f"{row.score:.1f} ({row.trend:+.1f})" if row.trend else f"{row.score:.1f}"


def _text(text: str) -> str:
    return escape(printable(text))
