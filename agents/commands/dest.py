"""`capi dest`: where events go, stopping one pixel and letting it go on, and trying it out."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NoReturn

import msgspec
import typer

from agents.asking import LedgerError, asked
from agents.changes import Json
from agents.dest_table import lane_row, print_table
from agents.dest_trial import NotSentError, build, request_of, send, shown_request
from agents.filters import DryRun
from agents.lane_report import Lanes, lane_report
from sinks.lane_switch import Lane, LaneSwitch, Pause, SwitchError
from sinks.notes import NoteError, note_of, write_note
from streams.ledger.queries import Query
from streams.settings import Settings, load_settings
from streams.tenants import Destination, TenantsError

app = typer.Typer(
    no_args_is_help=True,
    help="List destinations, pause and resume one, or try it out. Example: capi dest ls",
)

PlatformArgument = Annotated[str, typer.Argument(metavar="PLATFORM", help="meta or tiktok.")]
PixelArgument = Annotated[str, typer.Argument(metavar="PIXEL", help="The pixel's id, as in the tenants file.")]

READABLE = "ok"


@app.command()
def ls(json: Json = False) -> None:
    """List the destinations of the tenants file: paused or not, token there or not, and how they are doing:
    stopped, throttled or failing and tried when, what waits and since when, how long a POST takes.

    How they are doing is asked of the console at CAPI_CONSOLE_URL; the rest is told without it. Exit 1 when a
    token cannot be read or nobody can say what is paused. Example: capi dest ls --json
    """
    settings = load_settings()
    try:
        pauses = _ask(settings, LaneSwitch.pauses)
        failed = ""
    except SwitchError as error:
        pauses, failed = {}, str(error)
    lanes, unseen = _lanes(settings)
    rows = [
        _row(tenant, one, pauses.get((one.platform, one.pixel_id)), failed)
        | {"lane": lane_row(lanes, (tenant, one.platform, one.pixel_id)) if lanes else None}
        for tenant, one in _listed(settings)
    ]
    if json:
        typer.echo(msgspec.json.encode({"destinations": rows, "why": failed, "ledger": unseen}))
    else:
        print_table(rows, _now_ms())
    for why in filter(None, (failed, unseen)):
        typer.echo(why, err=True)
    raise typer.Exit(int(bool(failed) or any(row["token"] != READABLE for row in rows)))


@app.command()
def pause(
    platform: PlatformArgument,
    pixel: PixelArgument,
    why: Annotated[str, typer.Option(help="Your reason; capi dest ls shows it.")] = "",
) -> None:
    """Stop POSTs for one pixel, of every tenant that uses it. Its jobs wait, those of others go on.

    Running workers obey within a few seconds. Waiting jobs grow old: platforms refuse events after 7 days.

    Example: capi dest pause meta 1234567890 --why "wrong prices"
    """
    settings = load_settings()
    lane = _find(settings, platform, pixel)
    note = Pause(who=getpass.getuser(), since_ms=time.time_ns() // 1_000_000, why=why)
    changed = _change(settings, lambda switch: switch.pause(lane, note))
    typer.echo(f"{platform} {pixel} is paused" + ("" if changed else " already; nothing was changed"))
    if changed:
        _note(settings, "pause", lane, why)


@app.command()
def resume(platform: PlatformArgument, pixel: PixelArgument) -> None:
    """Let one pixel's POSTs go on. Example: capi dest resume meta 1234567890"""
    lane = (platform, pixel)  # also one that is no longer in the tenants file
    settings = load_settings()
    changed = _change(settings, lambda switch: switch.resume(lane))
    typer.echo(f"{platform} {pixel} goes on" if changed else f"{platform} {pixel} was not paused")
    if changed:
        _note(settings, "resume", lane, "")


@app.command()
def test(
    platform: PlatformArgument,
    pixel: PixelArgument,
    tenant: Annotated[str, typer.Option(help="Whose destination, when several tenants have this pixel.")] = "",
    event: Annotated[str, typer.Option(help="The event's name.")] = "Purchase",
    code: Annotated[str, typer.Option(help="Test event code; the tenants file's by default.")] = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Send one made-up event and say what the answer means. The request is printed without its token.

    A real platform gets it with a test event code only. Exit 1 when it was not taken.

    Examples: capi dest test meta 1234567890 --code TEST123; capi dest test tiktok C0DEMOPIXEL --dry-run
    """
    settings = load_settings()
    of, destination = _one(settings, platform, pixel, tenant)
    try:
        request = (request_of if dry_run else build)(settings, destination, of, event, code)
        answer = {} if dry_run else send(settings, destination, request)
    except (NotSentError, TenantsError) as error:
        _fail(str(error))
    shown = {"request": shown_request(request), "answer": answer}
    encoded = msgspec.json.encode(shown)
    typer.echo(encoded if json else msgspec.json.format(encoded))
    raise typer.Exit(int(not dry_run and answer["outcome"] != "delivered"))


def _listed(settings: Settings) -> list[tuple[str, Destination]]:
    tenants = settings.tenant_map.tenants
    return [(name, destination) for name, tenant in tenants.items() for destination in tenant.destinations]


def _find(settings: Settings, platform: str, pixel: str) -> Lane:
    """Exit 2 when the tenants file has no such destination."""
    if not any((one.platform, one.pixel_id) == (platform, pixel) for _, one in _listed(settings)):
        raise typer.BadParameter(f"the tenants file has no {platform} pixel {pixel}; see capi dest ls")
    return platform, pixel


def _one(settings: Settings, platform: str, pixel: str, tenant: str) -> tuple[str, Destination]:
    _find(settings, platform, pixel)
    found = [
        (name, one)
        for name, one in _listed(settings)
        if (one.platform, one.pixel_id) == (platform, pixel) and tenant in ("", name)
    ]
    if len(found) != 1:
        raise typer.BadParameter("say which tenant's destination", param_hint="--tenant")
    return found[0]


def _row(tenant: str, one: Destination, paused: Pause | None, failed: str) -> dict[str, Any]:
    state = "unknown" if failed else "paused" if paused else "active"
    return {
        "tenant": tenant,
        "platform": one.platform,
        "pixel": one.pixel_id,
        "state": state,
        "pause": paused,
        "token": _token(one),
        "test_event_code": one.test_event_code,
        "test_until": one.test_until,
    }


def _token(destination: Destination) -> str:
    try:
        return READABLE if destination.read_token() else f"empty: {destination.token}"
    except TenantsError:
        return f"cannot be read: {destination.token}"


def _lanes(settings: Settings) -> tuple[Lanes | None, str]:
    """And why nobody knows, "" when somebody does or there is nothing to ask about."""

    async def ask(query: Query) -> Any:
        return await asyncio.to_thread(asked, settings, query)

    if not _listed(settings):
        return None, ""
    try:
        return asyncio.run(lane_report(settings).look(ask, None, _now_ms())), ""
    except LedgerError as error:
        return None, f"How they are doing cannot be told: {error}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _change(settings: Settings, change: Callable[[LaneSwitch], Awaitable[bool]]) -> bool:
    try:
        return bool(_ask(settings, change))
    except SwitchError as error:
        _fail(str(error))


def _note(settings: Settings, what: str, lane: Lane, why: str) -> None:
    """In the audit of every tenant that uses the pixel. Exit 1 when it could not be written."""
    tenants = {name for name, one in _listed(settings) if (one.platform, one.pixel_id) == lane} or {""}
    try:
        for tenant in sorted(tenants):
            note = note_of(getpass.getuser(), what, " ".join(lane), tenant=tenant, why=why, result="done")
            asyncio.run(write_note(settings, note))
    except NoteError as error:
        _fail(f"It is done, but {error}")


def _ask(settings: Settings, question: Callable[[LaneSwitch], Awaitable[Any]]) -> Any:
    async def ask() -> Any:
        switch = LaneSwitch(settings)
        try:
            return await question(switch)
        finally:
            await switch.close()

    return asyncio.run(ask())


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)
