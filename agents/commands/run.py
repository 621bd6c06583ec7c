"""`capi run`: the roles of a small site under one supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from agents.changes import Json
from agents.provision import ProvisionError, apply_queues, apply_topics
from agents.roles import ALL_ROLES, RolesError, parse_counts, parse_roles, usual_roles, workers
from agents.supervisor import Status, Supervisor
from sinks.platforms import check_known
from streams.settings import Settings, load_settings


def command(
    roles: Annotated[
        str,
        typer.Option(
            help=f"Roles to run, comma separated, of {', '.join(ALL_ROLES)}; +ROLE: the usual ones and this one."
        ),
    ] = "",
    workers_of: Annotated[
        list[str] | None, typer.Option("--workers", help="ROLE=NUMBER of processes; may be repeated.")
    ] = None,
    provision: Annotated[bool, typer.Option(help="Apply topics and queues first.")] = True,
    json: Json = False,
) -> None:
    """Run roles together, restart those that die, stop all on SIGTERM or Ctrl-C.

    Each output line carries its role's name. With --json, stdout has one line of JSON for each start, death
    and stop, and the roles' own lines go to stderr.

    Example: capi run --roles ingest,sessions --workers sessions=2
    """
    settings = load_settings()
    check_known(settings.tenant_map)  # a broken tenants file stops here, not in every role again and again
    try:
        chosen = parse_roles(roles, usual_roles(settings))
        processes = workers(settings, chosen, parse_counts(workers_of or [], settings))
    except RolesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    if provision:
        _provision(settings, with_queues=not {"dispatch", "deliver"}.isdisjoint(chosen))
    for process in processes:  # Faust makes the last folder of the path only
        Path(process.env["CAPI_STATE_DIR"]).mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(processes, _tell_json if json else _tell, _to_stderr if json else _to_stdout)
    asyncio.run(_until_signal(supervisor))


def _provision(settings: Settings, with_queues: bool) -> None:
    try:
        refused = [(c.topic, c.why) for c in asyncio.run(apply_topics(settings)) if c.action == "refused"]
        if with_queues and not settings.gateway_url:
            refused += [(c.name, c.why) for c in apply_queues(settings) if c.action == "refused"]
    except ProvisionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for name, why in refused:
        typer.echo(f"{name}: {why}", err=True)
    if refused:
        raise typer.Exit(1)


async def _until_signal(supervisor: Supervisor) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await supervisor.run(stop)


def _tell(status: Status) -> None:
    said = {
        "pid": status.pid,
        "exit": status.exit_code,
        "ran_s": status.ran_s,
        "restart_in_s": status.restart_in_s,
    }
    known = " ".join(f"{name}={value}" for name, value in said.items() if value is not None)
    _to_stdout(status.worker, f"== {status.event} {known}".encode())


def _tell_json(status: Status) -> None:
    _write(sys.stdout.fileno(), msgspec.json.encode(status) + b"\n")


def _to_stdout(worker: str, line: bytes) -> None:
    _write(sys.stdout.fileno(), f"{worker:<10} | ".encode() + line + b"\n")


def _to_stderr(worker: str, line: bytes) -> None:
    _write(sys.stderr.fileno(), f"{worker:<10} | ".encode() + line + b"\n")


def _write(descriptor: int, line: bytes) -> None:
    try:
        os.write(descriptor, line)
    except OSError:  # nobody reads any more (`capi run | head`): the roles go on
        return
