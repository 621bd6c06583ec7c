"""Command line of the local stack: up, down, status, browser, checkers, env."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from pydantic import ValidationError

from deploy.stack import lifecycle
from deploy.stack.addresses import Addresses, read_addresses
from deploy.stack.debian import ensure_packages
from deploy.stack.env_example import render
from deploy.stack.program import StackError
from deploy.stack.settings import StackSettings, load_stack_settings
from streams.settings import load_settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.stack", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="start Kafka, RabbitMQ and Redis where they do not answer yet, and wait")
    verbs.add_parser("down", help="stop what `up` started")
    status = verbs.add_parser("status", help="say what answers, and who runs it; exit status 1 if not all do")
    status.add_argument("--json", action="store_true", help="print JSON")
    verbs.add_parser("browser", help="install Chromium, for the browser tests, where there is none")
    verbs.add_parser(
        "checkers", help="install promtool and systemd-analyze, for the tests of deploy/, where missing"
    )
    verbs.add_parser("env", help="print deploy/env.example")
    return parser


def _status(addresses: Addresses, settings: StackSettings, as_json: bool) -> int:
    rows = lifecycle.status(addresses, settings)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        for row in rows:
            told = row.version if row.answers else f"does not answer: {row.problem}"
            print(f"{row.name:<9} {row.address:<22} {row.run_by:<24} {told}")
    return 0 if all(row.answers for row in rows) else 1


def _up(addresses: Addresses, settings: StackSettings) -> int:
    if not lifecycle.up(addresses, settings):
        print("stack     already up")
    return 0


def _down(addresses: Addresses, settings: StackSettings) -> int:
    print("stack     stopped" if lifecycle.down(addresses, settings) else "stack     nothing to stop")
    return 0


def main() -> int:
    """Exit status: 0 done, 1 not up, 2 a setting is wrong."""
    arguments = _parser().parse_args()
    if arguments.verb == "env":
        print(render(), end="")
        return 0
    try:
        settings = load_stack_settings()
        addresses = read_addresses(load_settings(), settings)
    except ValidationError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        if arguments.verb == "status":
            return _status(addresses, settings, arguments.json)
        if arguments.verb in ("browser", "checkers"):
            ensure_packages([arguments.verb], settings.install)
            return 0
        return {"up": _up, "down": _down}[arguments.verb](addresses, settings)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
