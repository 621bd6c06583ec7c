"""Where the arena's roles find each other and how they are started: environment, ports, commands, shops."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.matrix.services import Services
from tests.faults.plan import SHOPS
from tests.faults.private import free_ports
from tests.faults.roles import Environment, capi, clean_environment
from tests.faults.site import tenants_toml
from tests.valve import Valve

TOKEN, SECRET = "FAULTS_TOKEN", "FAULTS_SECRET"
PORTS = 32
# Short windows, so that seconds show what hours would. The retry ladder is longer than any fault lasts.
SHORT = {
    "CAPI_IDLE_S": "3",
    "CAPI_MAX_AGE_S": "10",
    "CAPI_GRACE_S": "60",  # a fault may hold a second copy back for so long
    "CAPI_TICK_S": "0.5",
    "CAPI_RETRY_S": "1,2,4,8,4,8,4,8,8,8",
    "CAPI_MERGE_S": "2",
    "CAPI_PROBE_S": "1",
    "CAPI_RECALL_S": "2",
    "CAPI_POST_TIMEOUT_S": "4",
    "CAPI_POST_WAIT_S": "0.2",
    "CAPI_CONFIRM_TIMEOUT_S": "5",
    "CAPI_SESSION_TIMEOUT_S": "6",
    "CAPI_TRANSACTION_TIMEOUT_S": "10",
    "CAPI_STALL_S": "20",
    "CAPI_REDIS_TIMEOUT_S": "2",
    "CAPI_STOP_TIMEOUT_S": "6",
    "CAPI_COLLECT_STOP_S": "6",
    "CAPI_INTAKE_STOP_S": "6",
    "CAPI_DELIVERED_TTL_S": "3600",
    "CAPI_WEB_PORT": "0",
    "CAPI_METRICS_PORT": "0",
    "CAPI_LOG_LEVEL": "warning",
}


class Place(NamedTuple):
    """`env` of every role; `direct` is the same for the test itself, past the wires. `commands` and `own`: of each
    role what is started, and what its environment has for itself."""

    env: Environment
    direct: Environment
    commands: Mapping[str, Sequence[str]]
    own: Mapping[str, Environment]
    platforms_port: int


def make_place(
    folder: Path,
    services: Services,
    wires: Mapping[str, Valve],
    ports: Sequence[int],
    instead: Mapping[str, Sequence[str]],
) -> Place:
    """`ports` are PORTS free ones; the platforms' stand-in listens at the first. `instead`: other commands."""
    platforms, collect, intake, console, *rest = ports
    own = {
        "collect": {"CAPI_COLLECT_PORT": str(collect), "CAPI_COLLECT_HEALTH_PORT": str(rest[0])},
        "intake": {"CAPI_INTAKE_PORT": str(intake)},
        "ingest": {"CAPI_METRICS_PORT": str(rest[1])},
        "sessions-1": {"CAPI_WEB_PORT": str(rest[2]), "CAPI_METRICS_PORT": str(rest[3])},
        "sessions-2": {"CAPI_WEB_PORT": str(rest[4]), "CAPI_METRICS_PORT": str(rest[5])},
        "visitors": {"CAPI_METRICS_PORT": str(rest[6])},
        "dispatch": {"CAPI_METRICS_PORT": str(rest[7])},
        "deliver-1": {"CAPI_DELIVER_PORT": str(rest[8])},
        "deliver-2": {"CAPI_DELIVER_PORT": str(rest[9])},
        "ledger": {"CAPI_CONSOLE_PORT": str(console), "CAPI_METRICS_PORT": str(rest[10])},
    }
    common = clean_environment() | SHORT | _common(folder, services)
    common |= {
        "CAPI_CONSOLE_URL": f"http://127.0.0.1:{console}",
        "CAPI_SESSIONS_URL": f"http://127.0.0.1:{rest[2]}",
        "CAPI_COLLECT_PORT": str(collect),
    }
    wired = _addresses(
        [wire.port for name, wire in wires.items() if name.startswith("kafka")],
        services.rabbit.url.replace(str(services.rabbit.port), str(wires["rabbitmq"].port)),
        services.redis.url.replace(str(services.redis.port), str(wires["redis"].port)),
        wires["platforms"].port,
        common["CAPI_NAMESPACE"],
    )
    direct = _addresses(
        services.kafka.ports, services.rabbit.url, services.redis.url, platforms, common["CAPI_NAMESPACE"]
    )
    commands = {name: instead.get(name) or command_of(name) for name in own}
    return Place(common | wired, common | direct, commands, own, platforms)


def command_of(name: str) -> Sequence[str]:
    """Of role `sessions-2`: the command of `sessions`."""
    role = name.partition("-")[0]
    if role in ("collect", "intake", "deliver"):
        return capi(role)
    return (sys.executable, "-m", "faust", "-A", f"agents.{role}", "worker", "-l", "warn")


def some_ports() -> list[int]:
    first = free_ports(*range(1, PORTS))
    return [*range(first, first + PORTS)]


def _common(folder: Path, services: Services) -> dict[str, str]:
    name = f"test-{secrets.token_hex(4)}"
    tenants = folder / "tenants.toml"
    tenants.write_text(tenants_toml() + "".join(map(_key, SHOPS)))
    return {
        "CAPI_NAMESPACE": name,
        "CAPI_TENANTS": str(tenants),
        "CAPI_REPLICATION": str(services.kafka.nodes),
        "CAPI_RABBITMQ_MANAGEMENT_URL": services.rabbit.management_url,
        "CAPI_INTERNAL_SECRET": f"file:{folder / 'internal.secret'}",
        "CAPI_CONSOLE_USERS": str(folder / "users.toml"),
        "CAPI_INTAKE_QUEUE": f"{name}:queue",
        TOKEN: secrets.token_hex(8),
        SECRET: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def _addresses(kafka: Sequence[int], rabbit: str, redis: str, platforms: int, vhost: str) -> dict[str, str]:
    return {
        "CAPI_KAFKA_URL": ",".join(f"kafka://127.0.0.1:{port}" for port in kafka),
        "CAPI_RABBITMQ_URL": f"{rabbit}/{vhost}",
        "CAPI_REDIS_URL": redis,
        "CAPI_META_URL": f"http://127.0.0.1:{platforms}",
        "CAPI_TIKTOK_URL": f"http://127.0.0.1:{platforms}",
    }


def key_of(shop: str) -> str:
    return f"sk_{shop}"


def _key(shop: str) -> str:
    return f'[[tenants.{shop}.keys]]\nkind = "secret"\nid = "{key_of(shop)}"\nsecrets = ["env:{SECRET}"]\n'
