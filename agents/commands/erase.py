"""`capi erase`: forget one person."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Annotated

import msgspec
import typer

from agents.changes import Json
from sinks.erasures import ErasureError, Sent, send_erasures
from streams.events import Erase
from streams.identity import Bad, match
from streams.settings import load_settings

FIELDS = (
    "em",
    "ph",
    "ph_e164",
    "external_id",
)  # what names one person; a first name names thousands
STDIN_BYTES = 8_192  # more than the longest value that is used
_DIGEST = re.compile(r"[0-9a-f]{64}")

Value = Annotated[str, typer.Option(help="The clear value as the shop knows it; - reads it from stdin.")]


def command(
    tenant: Annotated[str, typer.Option(help="The tenant whose data of the person is erased.")],
    email: Value = "",
    phone: Value = "",
    external_id: Value = "",
    field: Annotated[str, typer.Option(help=f"With --digest: one of {', '.join(FIELDS)}.")] = "",
    digest: Annotated[str, typer.Option(help="With --field: the SHA-256 that the door made, 64 hex digits.")] = "",
    country: Annotated[
        str, typer.Option(help="Where a phone number without country code is from; else the tenant's default.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Forget a person: what is remembered of earlier visits, and what open sessions hold.

    The value is hashed as the door does it and is neither printed nor logged; given with - it is not in the
    shell's history either. Kafka keeps the request, so roles that are down forget as soon as they are back.
    Held events of the person become rejects, "erased on request". What one value does not find, another may:
    ask for each that is known.

    Not erased: what has left already, that is jobs in RabbitMQ (the parked ones too), capi.batches for 7 days,
    capi.outcomes, capi.sessions.in and capi.events until they expire, and what Meta and TikTok have. Events that
    are sent after this count as new.

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
        sent = asyncio.run(send_erasures(settings, erasures))
    except ErasureError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _report(tenant, [erase.field for erase in erasures], sent, settings.topic("visitors.in"), json)


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
    if field not in FIELDS:
        raise typer.BadParameter(f"is none of {', '.join(FIELDS)}", param_hint="--field")
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


def _report(tenant: str, fields: list[str], sent: list[Sent], onward: str, json: bool) -> None:
    if json:
        answer = {"tenant": tenant, "fields": fields, "sent": [one._asdict() for one in sent], "onward": onward}
        typer.echo(msgspec.json.encode(answer))
        return
    topic, partitions = sent[0].topic, sorted({one.partition for one in sent})
    typer.echo(f"Asked to forget a person of {tenant} by {' and '.join(fields)}:")
    typer.echo(f"  {topic}, partitions {', '.join(map(str, partitions))}")
    typer.echo(f"  {onward}, every partition, by way of the session workers")
