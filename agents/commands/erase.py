"""`capi erase`: forget one person."""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from agents.asking import asked
from agents.changes import Json
from agents.erase_report import report
from agents.erasing import NobodyError, Result, by_digest, by_value, forget, region_of
from sinks.erasures import ErasureError
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf
from streams.log import setup
from streams.settings import Settings, load_settings
from streams.tombstones import PERSON_FIELDS

STDIN_BYTES = 8_192  # more than the longest value that is used
OPTIONS = {"em": "--email", "ph": "--phone", "external_id": "--external-id"}

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
    erasures = _erasures(tenant, given, field, digest, country, known.default_country)
    if not yes:
        _ask(tenant)
    try:
        found, held, problems = asyncio.run(_forget(settings, erasures, wait))
    except (ErasureError, OffsetsError, KafkaAdminError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    report(tenant, erasures, found, held, problems, json)
    raise typer.Exit(0 if found.done else 1)


async def _forget(settings: Settings, erasures: Sequence[Erase], wait_s: float) -> Result:
    setup(settings, "erase")

    async def ask(query: HoldsOf) -> Holds:
        found: Holds = await asyncio.to_thread(asked, settings, query)
        return found

    with Console(stderr=True).status("asking Kafka") as status:

        def progress(what: str) -> None:
            status.update(f"waiting for {what}")

        return await forget(settings, erasures, getpass.getuser(), wait_s, ask, progress)


def _erasures(
    tenant: str, given: dict[str, str], field: str, digest: str, country: str, default_country: str
) -> list[Erase]:
    """Of the one way to name somebody that was used."""
    chosen = [name for name, value in given.items() if value]
    if len(chosen) + bool(field or digest) != 1:
        raise typer.BadParameter("give one of --email, --phone, --external-id, or --field with --digest")
    try:
        region = region_of(country) or default_country
        if not chosen:
            return by_digest(tenant, field, digest)
        [name] = chosen
        return by_value(tenant, name, _stdin() if given[name] == "-" else given[name], region)
    except NobodyError as error:
        hint = OPTIONS[chosen[0]] if error.part == "value" else f"--{error.part}"
        raise typer.BadParameter(str(error), param_hint=hint) from error


def _stdin() -> str:
    return sys.stdin.buffer.read(STDIN_BYTES).decode(errors="replace").strip()


def _ask(tenant: str) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("is needed where nobody can be asked", param_hint="--yes")
    typer.confirm(f"Erase this person at tenant {tenant}? There is no way back", abort=True, err=True)
