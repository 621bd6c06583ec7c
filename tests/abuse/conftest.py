"""Doors of real processes: the collector with and without TLS (with it also the gateway), a session worker's
views, the console. All of one site, with two tenants and users of each."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.access.user_file import changing
from agents.access.users import ROLES, Account
from agents.certs.folder import CA, SERVER, file_of
from sinks.gateway.tls import client_context
from tests.abuse.raw import Door
from tests.abuse.world import SCOPES, TENANTS, World, certificates_in
from tests.site import Site, free_port, site
from tests.unit.collecting import SECRET
from tests.unit.console.desk import password_hash
from tests.workers import start


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("abuse")
    certificates_in(folder)
    ports = {name: free_port() for name in ("plain", "tls", "views", "console", "metrics", "ledger metrics")}
    with site(folder, **_options(folder, ports)) as made:
        made.settings.tenants.write_text(TENANTS.format(folder=folder))
        (folder / "site-secret").write_text(SECRET)
        made.env |= {"SHOP_SECRET": SECRET, "OTHER_SECRET": "whsec_" + secrets.token_hex(16) * 2}
        _start(made, ports)
        found = World(folder, made, _doors(folder, ports))
        asyncio.run(_answering(found))
        yield found


def _options(folder: Path, ports: dict[str, int]) -> dict[str, Any]:
    users = folder / "users.toml"
    with changing(users) as accounts:
        for scope, tenants in SCOPES.items():
            accounts |= {f"{scope}-{role}": Account(role, password_hash(), tenants) for role in ROLES}
        accounts["locked"] = Account("viewer", password_hash())
    return {
        "collect_port": ports["plain"],
        "collect_health_port": ports["metrics"],
        "collect_header_s": 1.5,
        "collect_body_s": 1.5,
        "log_format": "json",
        "log_level": "debug",
        "web_port": ports["views"],
        "sessions_url": f"http://127.0.0.1:{ports['views']}",
        "console_port": ports["console"],
        "console_url": f"http://127.0.0.1:{ports['console']}",
        "console_users": users,
        "internal_secret": f"file:{folder / 'internal.secret'}",
        "demo_shop_key": "pk_shop_12345678",
        "idle_s": 600,
        "max_age_s": 900,
    }


def _start(made: Site, ports: dict[str, int]) -> None:
    folder = made.folder
    made.process("collect", ["agents.cli", "collect"])
    tls = {
        "CAPI_COLLECT_PORT": str(ports["tls"]),
        "CAPI_COLLECT_HEALTH_PORT": "0",
        "CAPI_TLS_CERT": str(folder / SERVER),
        "CAPI_TLS_CLIENT_CA": str(folder / CA),
    }
    made.processes.append(start(["agents.cli", "collect"], made.env | tls, folder / "collect-tls.log"))
    made.worker("sessions")
    made.env["CAPI_METRICS_PORT"], made.env["CAPI_WEB_PORT"] = "0", "0"
    made.worker("dispatch")
    made.env["CAPI_METRICS_PORT"] = str(ports["ledger metrics"])
    made.worker("ledger")


def _doors(folder: Path, ports: dict[str, int]) -> dict[str, Door]:
    tls = client_context(str(folder / CA), str(folder / file_of("berlin")))
    return {name: Door(name, port, tls if name == "tls" else None) for name, port in ports.items()}


async def _answering(world: World) -> None:
    """Within a minute; each by a page that needs no login, or says that it needs one."""
    deadline = time.monotonic() + 90
    pages = {"plain": "/v1/id", "tls": "/v1/id", "views": "/", "console": "/login", "metrics": "/healthz"}
    for name, path in (pages | {"ledger metrics": "/healthz"}).items():
        door = world.doors[name]
        async with httpx.AsyncClient(verify=door.tls or False) as client:
            while True:
                try:
                    await client.get(door.url + path)
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline, f"{name}: {world.site.logs()}"
                    await asyncio.sleep(0.1)


@pytest.fixture(params=["plain", "tls"])
def collect(request: pytest.FixtureRequest, world: World) -> Door:
    return world.doors[request.param]


@pytest.fixture(params=["plain", "tls", "views", "console", "metrics", "ledger metrics"])
def door(request: pytest.FixtureRequest, world: World) -> Door:
    return world.doors[request.param]
