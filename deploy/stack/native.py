"""The stack as processes of this machine: what is missing is installed, configured, started and awaited."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from deploy.stack import supervisor
from deploy.stack.addresses import Addresses
from deploy.stack.debian import ensure_packages
from deploy.stack.kafka import prepare_kafka
from deploy.stack.program import Program, StackError
from deploy.stack.rabbitmq import prepare_rabbitmq
from deploy.stack.redis import prepare_redis
from deploy.stack.settings import StackSettings

NOT_KEPT_UP = ("STOPPED", "FATAL", "UNKNOWN")  # states of supervisord's in which it starts nothing by itself


def _prepare(name: str, addresses: Addresses, settings: StackSettings) -> list[Program]:
    if name == "kafka":
        return [prepare_kafka(addresses, settings)]
    if name == "rabbitmq":
        return list(prepare_rabbitmq(addresses, settings))
    return [prepare_redis(addresses, settings)]


def _check_loopback(names: Sequence[str], addresses: Addresses) -> None:
    for name in names:
        address = getattr(addresses, name)
        if not address.is_loopback:
            raise StackError(
                f"{name} does not answer at {address}, and only loopback addresses can be started here."
                f" Start it there, or set CAPI_{name.upper()}_URL."
            )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _check_ports(names: Sequence[str], addresses: Addresses, settings: StackSettings) -> None:
    """A port held by another program would show only as a service that never gets ready. One that our supervisor
    is just starting again holds its ports, or some of them (RabbitMQ: the port mapper's), rightly."""
    ours = {
        name
        for name, info in supervisor.process_states(settings.dir).items()
        if info["statename"] not in NOT_KEPT_UP
    }
    for name in names:
        for purpose, port in addresses.listening(name).items():
            if name not in ours and _is_taken(port):
                raise StackError(
                    f"{purpose} needs port {port}, which another program holds, and {name} does not answer."
                    f" Stop that program, or choose another port with CAPI_{name.upper()}_URL"
                    f" or one of the CAPI_STACK_{name.upper()}_…_PORT settings (deploy/env.example)."
                )


def start_native(names: Sequence[str], addresses: Addresses, settings: StackSettings) -> None:
    """Start the named services under supervisord; does not wait for them. Raises StackError."""
    _check_loopback(names, addresses)
    _check_ports(names, addresses, settings)
    settings.dir.mkdir(parents=True, exist_ok=True)
    ensure_packages(names, settings.install)
    for name in names:
        supervisor.start(settings.dir, _prepare(name, addresses, settings))
