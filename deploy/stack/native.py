"""The stack as processes of this machine: what is missing is installed, configured, started and awaited."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.stack import supervisor
from deploy.stack.addresses import Addresses
from deploy.stack.debian import install_packages, missing_packages
from deploy.stack.kafka import prepare_kafka
from deploy.stack.program import Program, StackError
from deploy.stack.rabbitmq import prepare_rabbitmq
from deploy.stack.redis import prepare_redis
from deploy.stack.settings import StackSettings


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


def start_native(names: Sequence[str], addresses: Addresses, settings: StackSettings) -> None:
    """Start the named services under supervisord; does not wait for them. Raises StackError."""
    _check_loopback(names, addresses)
    settings.dir.mkdir(parents=True, exist_ok=True)
    missing = missing_packages(names)
    if missing and not settings.install:
        raise StackError(f"Install {', '.join(missing)}, or let `up` do it (CAPI_STACK_INSTALL=true).")
    if missing:
        install_packages(missing)
    for name in names:
        supervisor.start(settings.dir, _prepare(name, addresses, settings))
