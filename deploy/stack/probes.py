"""Does a service really answer? Each probe talks the protocol of its service and returns its version."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any

from deploy.stack.addresses import Address, Addresses

SERVICES = ("kafka", "rabbitmq", "redis")
# A busy machine can take seconds over an answer; a service that is not there refuses at once.
TIMEOUT_S = 10.0


class NoAnswerError(Exception):
    """Nothing answered, or not as the service should; the message says how."""


async def _open(address: Address) -> None:
    """A connection and nothing else: much faster to fail than a client library."""
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.close()


async def _kafka(addresses: Addresses) -> str:
    await _open(addresses.kafka)
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=str(addresses.kafka), request_timeout_ms=int(TIMEOUT_S * 1000))
    await admin.start()
    try:
        cluster: dict[str, Any] = await admin.describe_cluster()
        if not cluster["brokers"]:
            raise NoAnswerError("its metadata names no broker yet")
        return f"cluster {cluster['cluster_id']}"
    finally:
        await admin.close()


def _overview(addresses: Addresses) -> str:
    where, amqp = addresses.management, addresses.rabbitmq
    credentials = b64encode(f"{amqp.user or 'guest'}:{amqp.password or 'guest'}".encode()).decode()
    request = urllib.request.Request(
        f"http://{where}/api/overview", headers={"Authorization": f"Basic {credentials}"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # nosec B310 # always http, see above
        return str(json.load(answer)["rabbitmq_version"])


async def _rabbitmq(addresses: Addresses) -> str:
    amqp = addresses.rabbitmq
    await _open(amqp)
    from aiormq import Connection
    from yarl import URL

    user, password, path = amqp.user or "guest", amqp.password or "guest", amqp.path or "/"
    url = URL.build(scheme="amqp", user=user, password=password, host=amqp.host, port=amqp.port, path=f"/{path}")
    connection = Connection(url)
    await connection.connect()
    await connection.close()
    return await asyncio.to_thread(_overview, addresses)


def _resp(*words: str) -> bytes:
    """One Redis command in its wire format; words may hold any character."""
    parts = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


async def _redis(addresses: Addresses) -> str:
    """PING over a bare connection: importing a Redis client takes longer than all of `up`."""
    where = addresses.redis
    credentials = [word for word in (where.user, where.password) if word]
    reader, writer = await asyncio.open_connection(where.host, where.port)
    try:
        commands = [["AUTH", *credentials]] if credentials else []
        for command in [*commands, ["PING"], ["INFO", "server"]]:
            writer.write(_resp(*command))
            answer = (await reader.readline()).decode().strip()
            if answer[:1] not in ("+", "$"):
                raise NoAnswerError(f"{command[0]}: {answer or 'connection closed'}")
        info = (await reader.readexactly(int(answer[1:]))).decode()
        return info.partition("redis_version:")[2].split("\r\n")[0]
    finally:
        writer.close()


_PROBES: dict[str, Callable[[Addresses], Awaitable[str]]] = {
    "kafka": _kafka,
    "rabbitmq": _rabbitmq,
    "redis": _redis,
}


async def _ask(name: str, addresses: Addresses) -> str | Exception:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _PROBES[name](addresses)
    # Clients raise many kinds of exception for "not there yet", and a probe only asks.
    except Exception as error:
        return error


async def ask_all(addresses: Addresses, names: tuple[str, ...] = SERVICES) -> dict[str, str | Exception]:
    """Version of each service that answers, or the exception that says why it does not, within TIMEOUT_S."""
    answers = await asyncio.gather(*(_ask(name, addresses) for name in names))
    return dict(zip(names, answers, strict=True))
