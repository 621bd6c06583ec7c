"""Options that say which jobs are meant, the same for `capi dead` and `capi replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from agents.when import parse_when
from sinks.replay.wanted import Wanted
from sinks.topology import PLATFORMS

Tenant = Annotated[str, typer.Option(help="Only this tenant's jobs.")]
Platform = Annotated[str, typer.Option(help=f"Only jobs for this platform: {' or '.join(PLATFORMS)}.")]
Pixel = Annotated[str, typer.Option(help="Only jobs for this pixel.")]
EventOption = Annotated[str, typer.Option("--event", help="Only this event name, or this event_id.")]
PerSecond = Annotated[
    float, typer.Option(min=0, help="Most jobs a second, so that live events keep their way; 0 for no limit.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the counts and change nothing.")]


def point(text: str, option: str, now_ms: int) -> int:
    """Unix ms of `2h`, `3d` or an ISO time; 0 when the option was not given. Exit 2 when it is neither."""
    try:
        return parse_when(text, now_ms) if text else 0
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def wanted_jobs(tenant: str, platform: str, pixel: str, event: str) -> Wanted:
    """Exit 2 for a platform that there is not."""
    if platform not in ("", *PLATFORMS):
        raise typer.BadParameter(f"choose from {', '.join(PLATFORMS)}", param_hint="--platform")
    return Wanted(tenant=tenant, platform=platform, pixel=pixel, event=event)
