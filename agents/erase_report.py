"""What `capi erase` prints: what was removed where, never who it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from agents.erase_held import Held
from sinks.forgetting import Forgotten
from streams.events import Erase

LATER = "dropped instead of sent, when their turn comes"


def report(
    tenant: str, erasures: Sequence[Erase], found: Forgotten, held: Held, problems: Sequence[str], json: bool
) -> None:
    if json:
        typer.echo(msgspec.json.encode(_as_json(tenant, erasures, found, held, problems)))
        return
    fields = " and ".join(erase.field for erase in erasures)
    table = Table("where", "removed", title=f"a person of {tenant}, by {fields}")
    for row in rows(found, held):
        table.add_row(*row)
    Console().print(table)
    for role in found.waits_for:
        typer.echo(f"The role {role} was not that far in time: it forgets as soon as it is back.", err=True)
    for why in problems:
        typer.echo(why, err=True)


def rows(found: Forgotten, held: Held) -> list[tuple[str, str]]:
    """(where, what was removed there)."""
    late = "not yet" if found.waits_for else ""
    return [
        ("open sessions and their mirror", late or f"{found.events} held events"),
        ("memory of visitors", late or f"{found.memories} memories"),
        ("ledger", late or _ledger(held)),
        ("parked jobs", "not looked at" if found.parked is None else f"{found.parked} jobs"),
        ("jobs in queues, batches in Kafka", LATER),
    ]


def _ledger(held: Held) -> str:
    if held.before is None or held.after is None:
        return "does not answer: forgets with them"
    return f"{held.before} events before, {held.after} now"


def _as_json(
    tenant: str, erasures: Sequence[Erase], found: Forgotten, held: Held, problems: Sequence[str]
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "fields": [erase.field for erase in erasures],
        "sent": [one._asdict() for one in found.sent],
        "removed": {"events": found.events, "memories": found.memories, "parked": found.parked},
        "ledger": {"before": held.before, "after": held.after},
        "waits_for": found.waits_for,
        "problems": list(problems),
        "done": found.done,
    }
