"""`capi erase`: forget one person."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from agents.changes import Json
from agents.erase_held import Held, held_by_ledger
from agents.erase_report import report
from sinks.erasures import ErasureError
from sinks.forgetting import Forgetting, Forgotten
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from sinks.parked.drop import DropError
from sinks.rabbit.browse import BrowseError
from sinks.rabbit.returns import keeps_returned
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError
from sinks.topology import QUEUE_PARKED
from streams.events import Erase
from streams.identity import Bad, match
from streams.log import setup
from streams.settings import Settings, load_settings
from streams.tombstones import PERSON_FIELDS

STDIN_BYTES = 8_192  # more than the longest value that is used
_DIGEST = re.compile(r"[0-9a-f]{64}")

Value = Annotated[str, typer.Option(help="The clear value as the shop knows it; - reads it from stdin.")]


def command(
    tenant: Annotated[str, typer.Option(help="The tenant whose data of the person is erased.")],
    email: Value = "",
    phone: Value = "",
    external_id: Value = "",
    field: Annotated[str, typer.Option(help=f"With --digest: one of {', '.join(PERSON_FIELDS)}.")] = "",
    digest: Annotated[str, typer.Option(help="With --field: the SHA-256 that the door made, 64 hex digits.")] = "",
    country: Annotated[
        str, typer.Option(help="Where a phone number without country code is from; else the tenant's default.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="How long to wait for the workers, seconds.")] = 120,
    json: Json = False,
) -> None:
    """Forget a person: open sessions, visitors, the ledger, parked jobs; what still waits to be sent is not sent.

    The value is hashed as the door does it and is neither printed nor logged; given with - it is not in the
    shell's history either. What one value does not find, another may: ask for each that is known.

    It waits until the workers are done, and says what was removed where. Kafka keeps the request, so a role that
    is down forgets as soon as it is back; the exit status is 1 then. Jobs in queues and batches in Kafka stay
    there and are dropped instead of being sent. Out of reach: the log itself until it expires, and what Meta and
    TikTok have. Events that are sent after this count as new.

    Example: capi erase --tenant default --email - --yes < address.txt
    """
    settings = load_settings()
    known = settings.tenant_map.get(tenant)
    if known is None:
        raise typer.BadParameter("is not in the tenants file", param_hint="--tenant")
    given = {"em": email, "ph": phone, "external_id": external_id}
    erasures = [
        Erase(tenant=tenant, field=name, digest=value)
        for name, value in _digests(given, field, digest, _region(country) or known.default_country)
    ]
    if not yes:
        _ask(tenant)
    try:
        found, held, problems = asyncio.run(_forget(settings, erasures, wait))
    except (ErasureError, OffsetsError, KafkaAdminError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    report(tenant, erasures, found, held, problems, json)
    raise typer.Exit(0 if found.done else 1)


async def _forget(
    settings: Settings, erasures: Sequence[Erase], wait_s: float
) -> tuple[Forgotten, Held, list[str]]:
    """What was removed, what the ledger held, and what could not be looked at."""
    setup(settings, "erase")
    console = Console(stderr=True)
    with console.status("asking Kafka") as status:

        def progress(what: str) -> None:
            status.update(f"waiting for {what}")

        forgetting = Forgetting(settings, erasures, getpass.getuser(), wait_s, progress)
        before = await held_by_ledger(settings, erasures)
        found = await forgetting.run()
        held = Held(before, await held_by_ledger(settings, erasures))
        why = await _sweep(settings, forgetting, found)
    return found, held, [why] if why else []


async def _sweep(settings: Settings, forgetting: Forgetting, found: Forgotten) -> str:
    """Why the parked jobs could not be looked at, "" when they were. A client site has none."""
    if settings.gateway_url:
        found.parked = 0
        return "Jobs are made at the central site: run this there too."
    try:
        with RabbitAdmin(settings) as admin:
            if not keeps_returned(admin.definitions() or {}, QUEUE_PARKED):
                return (
                    f"{QUEUE_PARKED} would lose jobs by being looked at: run `capi queues apply`, then this again"
                )
        await forgetting.sweep(found)
    except (RabbitAdminError, BrowseError, DropError) as error:
        return str(error)
    return ""


def _digests(given: dict[str, str], field: str, digest: str, region: str) -> list[tuple[str, str]]:
    """Each form in which a platform gets the value: (field of the user data, SHA-256)."""
    chosen = [name for name, value in given.items() if value]
    if len(chosen) + bool(field or digest) != 1:
        raise typer.BadParameter("give one of --email, --phone, --external-id, or --field with --digest")
    if not chosen:
        return [(_known_field(field), _checked(digest))]
    [name] = chosen
    answer = match(name, _stdin() if given[name] == "-" else given[name], region)
    if isinstance(answer, Bad):
        raise typer.BadParameter(answer.reason, param_hint=_option(name))
    return [*answer.hashes]


def _option(field: str) -> str:
    return {"em": "--email", "ph": "--phone", "external_id": "--external-id"}[field]


def _known_field(field: str) -> str:
    if field not in PERSON_FIELDS:
        raise typer.BadParameter(f"is none of {', '.join(PERSON_FIELDS)}", param_hint="--field")
    return field


def _checked(digest: str) -> str:
    digest = digest.strip().lower()
    if not _DIGEST.fullmatch(digest):
        raise typer.BadParameter("is no SHA-256 of 64 hex digits", param_hint="--digest")
    return digest


def _region(country: str) -> str:
    """Alpha-2 in upper case; "" when none is given."""
    answer = match("country", country, "") if country else None
    if isinstance(answer, Bad):
        raise typer.BadParameter("is no country that is known here", param_hint="--country")
    return answer.clear.upper() if answer else ""


def _stdin() -> str:
    return sys.stdin.buffer.read(STDIN_BYTES).decode(errors="replace").strip()


def _ask(tenant: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("is needed where nobody can be asked", param_hint="--yes")
    typer.confirm(f"Erase this person at tenant {tenant}? There is no way back", abort=True, err=True)
