"""`capi dead`: the jobs that were given up."""

from __future__ import annotations

import asyncio
import getpass
import time
from typing import Annotated, Any

import typer

from agents.changes import Json
from agents.dead_report import Watch, print_groups, print_shown, report_acted
from agents.filters import DryRun, EventOption, PerSecond, Pixel, Platform, Tenant, point, wanted_jobs
from sinks.notes import NoteError, note_of, write_note
from sinks.parked.drop import DropError, DropParked
from sinks.parked.messages import Parked, ParkedFilter
from sinks.parked.replay import ReplayParked
from sinks.parked.safe import why_not_look
from sinks.parked.sweep import Sweep
from sinks.parked.view import shown
from sinks.rabbit import Publisher, PublishError
from sinks.rabbit.browse import BrowseError
from streams.log import setup
from streams.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    help="Look at the jobs that were given up, send them again, or drop them. Example: capi dead ls --since 1d",
)

Reason = Annotated[str, typer.Option(help="Only jobs whose status or explanation contains this.")]
Since = Annotated[
    str, typer.Option(help="Only jobs that delivery first had in hand since then: 2h, 3d, 2026-11-24T10:00 (UTC).")
]
Until = Annotated[str, typer.Option(help="Only jobs that delivery first had in hand before then.")]
Limit = Annotated[int, typer.Option(min=0, help="Most jobs; 0 for all.")]
All = Annotated[bool, typer.Option("--all", help="Without any filter: really all.")]


@app.command()
def ls(
    tenant: Tenant = "",
    platform: Platform = "",
    pixel: Pixel = "",
    event: EventOption = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 0,
    json: Json = False,
) -> None:
    """Count parked jobs by reason: how many, since when, of which pixels. Nothing is changed.

    Examples: capi dead ls; capi dead ls --platform meta --reason expired --json
    """
    wanted = _filter(tenant, platform, pixel, event, reason, since, until)
    sweep = Sweep(_settings(), wanted, limit=limit)
    why = asyncio.run(_run(sweep))
    print_groups(sweep, json)
    _end(why)


@app.command()
def show(
    tenant: Tenant = "",
    platform: Platform = "",
    pixel: Pixel = "",
    event: EventOption = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 1,
    json: Json = False,
) -> None:
    """Print single parked jobs, as they lie: hashes cut short, nothing personal. Exit 1 when there is none.

    Example: capi dead show --event order-1001
    """
    wanted = _filter(tenant, platform, pixel, event, reason, since, until)
    found: list[dict[str, Any]] = []

    def keep(parked: Parked) -> None:
        found.append(shown(parked))

    why = asyncio.run(_run(Sweep(_settings(), wanted, limit=limit, look=keep)))
    print_shown(found, json)
    _end(why or ("" if found else "no parked job matches"))


@app.command()
def replay(
    tenant: Tenant = "",
    platform: Platform = "",
    pixel: Pixel = "",
    event: EventOption = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 0,
    per_second: PerSecond = 100,
    everything: All = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send parked jobs again, as a first attempt. A job leaves the parked ones once RabbitMQ has its new copy.

    Examples: capi dead replay --platform meta --reason 190 --dry-run; capi dead replay --all --per-second 20
    """
    wanted = _filter(tenant, platform, pixel, event, reason, since, until)
    _refuse_everything(wanted, everything or dry_run)
    settings = _settings()
    publisher = Publisher(settings, "capi dead replay")
    replaying = ReplayParked(publisher)
    sweep = Sweep(
        settings,
        wanted,
        act=None if dry_run else replaying.act,
        can_act=replaying.can_act,
        limit=limit,
        per_second=per_second,
    )

    async def go() -> str:
        try:
            return await _run(sweep)
        finally:
            await publisher.close()

    why = asyncio.run(go())
    report_acted(sweep, "replayed", dry_run, json)
    unwritten = "" if dry_run else _note(settings, "replay", wanted, sweep, "", why)
    _end(why or unwritten)


@app.command()
def drop(
    why: Annotated[str, typer.Option(help="Your reason; it goes to the log and to capi.outcomes.")],
    tenant: Tenant = "",
    platform: Platform = "",
    pixel: Pixel = "",
    event: EventOption = "",
    reason: Reason = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 0,
    everything: All = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Throw parked jobs away. capi.outcomes is told about each of them first, with code `dropped`.

    Example: capi dead drop --reason unreadable --why "test data" --dry-run
    """
    wanted = _filter(tenant, platform, pixel, event, reason, since, until)
    _refuse_everything(wanted, everything or dry_run)
    settings = _settings()
    dropping = DropParked(settings, why)
    sweep = Sweep(settings, wanted, act=None if dry_run else dropping.act, limit=limit)

    async def go() -> str:
        try:
            return await _run(sweep)
        finally:
            await dropping.close()

    failed = asyncio.run(go())
    report_acted(sweep, "dropped", dry_run, json)
    unwritten = "" if dry_run else _note(settings, "drop", wanted, sweep, why, failed)
    _end(failed or unwritten)


def _filter(
    tenant: str, platform: str, pixel: str, event: str, reason: str, since: str, until: str
) -> ParkedFilter:
    now_ms = time.time_ns() // 1_000_000
    return ParkedFilter(
        jobs=wanted_jobs(tenant, platform, pixel, event),
        reason=reason,
        since_ms=point(since, "--since", now_ms),
        until_ms=point(until, "--until", now_ms),
    )


def _settings() -> Settings:
    """Exit 1 when looking at the queue could cost jobs, or nobody can say."""
    settings = load_settings()
    setup(settings, "dead")
    _end(why_not_look(settings))
    return settings


def _refuse_everything(wanted: ParkedFilter, meant: bool) -> None:
    if wanted.everything and not meant:
        raise typer.BadParameter("give a filter, or --all for every parked job")


async def _run(sweep: Sweep) -> str:
    """Why it ended early, "" when it did not."""
    with Watch(sweep):
        try:
            await sweep.run()
        except (BrowseError, PublishError, DropError) as error:
            return str(error)
    return ""


def _note(settings: Settings, what: str, wanted: ParkedFilter, sweep: Sweep, why: str, failed: str) -> str:
    """Tell the audit what was done; why it could not be told."""
    jobs = wanted.jobs
    given = {
        "tenant": jobs.tenant,
        "platform": jobs.platform,
        "pixel": jobs.pixel,
        "event": jobs.event,
        "reason": wanted.reason,
        "since_ms": wanted.since_ms,
        "until_ms": wanted.until_ms,
    }
    target = " ".join(f"{name}={value}" for name, value in given.items() if value) or "everything"
    result = f"{sweep.done} done" + (f", then it failed: {failed}" if failed else "")
    note = note_of(getpass.getuser(), what, f"parked: {target}", tenant=jobs.tenant, why=why, result=result)
    try:
        asyncio.run(write_note(settings, note))
    except NoteError as error:
        return str(error)
    return ""


def _end(why: str) -> None:
    if why:
        typer.echo(why, err=True)
        raise typer.Exit(1)
