"""The `capi` command. Each verb lives in agents/commands/<verb>.py and is imported only when it is called.

Exit codes of every verb: 0 all is well, 1 a problem was found, 2 usage or configuration.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any

import typer
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from streams.tenants import TenantsError

EXIT_CONFIGURATION = 2

VERBS = {
    "doctor": "Check every dependency, topic, queue, version and setting, and say what to do.",
    "topics": "Plan or apply the Kafka topics.",
    "queues": "Plan or apply the RabbitMQ exchanges, queues and policies.",
    "run": "Run the roles of a small site together under one supervisor.",
    "collect": "Take events over HTTP from browsers and servers.",
    "intake": "Take events from the Redis list that apps push to.",
    "deliver": "Deliver queued jobs to Meta and TikTok.",
    "dead": "Look at the jobs that were given up, send them again, or drop them.",
    "replay": "Send again, from Kafka, what no platform ever acknowledged.",
    "dest": "List destinations, pause and resume one, or send it a test event.",
    "session": "List open sessions, show one, let its events go now, or drop it.",
    "erase": "Forget a person: sessions, visitors, ledger, parked jobs; what still waits is not sent.",
    "tail": "Print what comes by, line by line, as it happens.",
    "trace": "Where is this event? Its way step by step, and what to do.",
    "quality": "How good the match is by event name, and what to fix first.",
    "lag": "How far behind each role is, and what waits in RabbitMQ.",
    "send": "Send a file of events to Kafka, after the door's own checks.",
    "users": "Add, list and remove users of the console, and change their passwords.",
    "certs": "Make the CA and the certificates of the gateway and its client sites, and renew them.",
    "platforms": "Run a local stand-in for Meta and TikTok.",
    "demo": "Replay real visitor histories through everything and show what came out.",
    "hash": "Show what one value becomes for Meta and TikTok: normal form, hash, or why it is dropped.",
    "validate": "Check a file of events: what is dropped, what would be refused, how well each would match.",
    "schema": "Print the JSON Schema of the events that capi.events takes.",
}


class VerbGroup(TyperGroup):
    """Lists all verbs without importing them, so that `capi --help` answers at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        summary = VERBS.get(cmd_name)
        return TyperCommand(name=cmd_name, help=summary) if summary else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, load_verb(name or ""), rest


def load_verb(name: str) -> Any:
    """The command of agents/commands/<name>.py, ready to run."""
    module = import_module(f"agents.commands.{name}")
    if hasattr(module, "app"):
        return get_command(module.app)
    single = typer.Typer(add_completion=False)
    single.command(name)(module.command)
    return get_command(single)


app = typer.Typer(cls=VerbGroup, no_args_is_help=True, pretty_exceptions_enable=False, name="capi")


@app.callback()
def _capi() -> None:
    """Conversions pipeline: shop events in, enriched conversions out to Meta and TikTok.

    Configuration comes from CAPI_* environment variables, see deploy/env.example. Start with: capi doctor
    """
    # a verb says itself what cannot be reached; long-running ones set up their own logs
    for name in ("aiokafka", "aiormq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def explain(error: ValidationError) -> list[str]:
    """One line per mistake in the settings, without the value, which may hold a password."""
    return [f"CAPI_{'_'.join(map(str, e['loc'][:1])).upper()}: {e['msg']}" for e in error.errors()]


def main() -> None:
    """Entry point of `capi`."""
    try:
        app(prog_name="capi")  # however it was started: completion goes by it
    except ValidationError as error:
        _refuse(["The settings cannot be used:", *explain(error), "Each is explained in deploy/env.example."])
    except TenantsError as error:
        _refuse([f"The tenants file cannot be used: {error}", "See deploy/tenants.example.toml."])


def _refuse(lines: list[str]) -> None:
    sys.stderr.write("\n".join(lines) + "\n")
    sys.exit(EXIT_CONFIGURATION)


if __name__ == "__main__":
    main()
