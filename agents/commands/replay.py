"""`capi replay`: what was never acknowledged, once more."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from agents.changes import Json
from agents.filters import DryRun, EventOption, PerSecond, Pixel, Platform, point, wanted_jobs
from agents.when import when_text
from sinks.rabbit import Publisher, PublishError
from sinks.replay.fate import Fate
from sinks.replay.run import Replay
from sinks.replay.slices import SliceError
from streams.log import setup
from streams.settings import load_settings

MEANING: dict[Fate, str] = {
    "send": "never acknowledged",
    "delivered": "the platform has it",
    "settled": "refused by the platform, or dropped by a person: see capi dead",
    "erased": "holds somebody who was erased since: see capi erase",
    "refused": "too old, or the platform would refuse it",
    "unknown": "older than the idempotency store remembers, and capi.outcomes does not reach back",
}

TenantNeeded = Annotated[str, typer.Option(help="The tenant whose jobs are sent again.")]
Since = Annotated[
    str, typer.Option(help="Batches that left their session since then: 6h, 3d, 2026-11-24T10:00 (UTC).")
]
Until = Annotated[str, typer.Option(help="Batches that left before then; now when absent.")]


def command(
    since: Since,
    tenant: TenantNeeded,
    until: Until = "",
    platform: Platform = "",
    pixel: Pixel = "",
    event: EventOption = "",
    per_second: PerSecond = 200,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send again, from capi.batches, what no platform ever acknowledged, after RabbitMQ or a role lost it.

    What capi.outcomes says was delivered is left out. The rest is sent: what is younger than 48 hours is checked
    once more by the worker before its POST, what is older only goes when capi.outcomes reaches back that far. A
    job that still waits in a queue is sent too; whichever copy comes second is acknowledged without a POST.

    Example: capi replay --since 6h --tenant default --platform meta --dry-run
    """
    settings = load_settings()
    if settings.gateway_url:
        typer.echo(
            "A client site has no outcomes to go by (CAPI_GATEWAY_URL is set): see docs/gateway.md.", err=True
        )
        raise typer.Exit(2)
    known = settings.tenant_map.get(tenant)
    if known is None:
        raise typer.BadParameter(f"{tenant} is not in the tenants file", param_hint="--tenant")
    now_ms = time.time_ns() // 1_000_000
    since_ms, until_ms = point(since, "--since", now_ms), point(until, "--until", now_ms)
    if until_ms and until_ms <= since_ms:
        raise typer.BadParameter("must be after --since", param_hint="--until")
    setup(settings, "replay")
    publisher = None if dry_run else Publisher(settings, "capi replay")
    wanted = wanted_jobs(tenant, platform, pixel, event)
    replay = Replay(settings, known, wanted, since_ms, until_ms, publisher=publisher, per_second=per_second)
    why = asyncio.run(_run(replay, publisher))
    if json:
        typer.echo(msgspec.json.encode(_counts(replay, dry_run, why)))
    else:
        _print(replay, dry_run, since_ms)
    if why:
        typer.echo(f"{why}. Run it again: what was sent is not delivered twice.", err=True)
        raise typer.Exit(1)


async def _run(replay: Replay, publisher: Publisher | None) -> str:
    """Why it ended early, "" when it did not."""
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("batches", total=None)
            replay.progress = lambda read, total: bar.update(task, completed=read, total=total)
            await replay.run()
    except (SliceError, PublishError) as error:
        return str(error)
    finally:
        if publisher is not None:
            await publisher.close()
    return ""


def _counts(replay: Replay, dry_run: bool, why: str) -> dict[str, Any]:
    rows = [
        {"fate": fate, "platform": platform, "pixel": pixel, "jobs": number}
        for (fate, platform, pixel), number in sorted(replay.counts.items())
    ]
    about = {"dry_run": dry_run, "sent": replay.sent, "unreadable": replay.unreadable, "why": why}
    return about | {"from_ms": replay.from_ms, "jobs": rows}


def _print(replay: Replay, dry_run: bool, since_ms: int) -> None:
    console = Console()
    if replay.counts:
        table = Table("jobs", "platform", "pixel", "number", "meaning")
        for (fate, platform, pixel), number in sorted(replay.counts.items()):
            table.add_row(fate, platform, escape(pixel), str(number), MEANING[fate])
        console.print(table)
    if replay.from_ms > since_ms:
        console.print(f"Of capi.batches nothing is left from before {when_text(replay.from_ms)} UTC.")
    to_send = sum(number for (fate, _, _), number in replay.counts.items() if fate == "send")
    console.print(f"{to_send} would be sent" if dry_run else f"{replay.sent} of {to_send} sent")
