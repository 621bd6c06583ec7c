"""A central site in this loop, for tests of the gateway: certificates, secrets, and batches of client sites."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from agents.certs.folder import CA, SERVER, Folder, file_of
from agents.collect.batches import batches_part
from agents.collect.service import run_collect
from agents.collect.tls import ServerTls, server_tls
from sinks.gateway.tls import client_context
from sinks.rabbit import Publisher
from streams.events import Batch, encode
from streams.settings import Settings, load_settings
from streams.signing import signed_headers
from tests.contract.jobs import batch_of, job
from tests.rabbit import TENANTS
from tests.site import free_port
from tests.unit.collecting import Kept, reachable

SITES = """
[tenants.other]
[sites.berlin]
tenants = ["default"]
secrets = ["file:{folder}/secret", "file:{folder}/next-secret"]
certificate = "berlin"
[sites.vienna]
tenants = ["default"]
secrets = ["file:{folder}/secret"]
[sites.bern]
tenants = ["other"]
certificate = "bern"
"""


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def certificates(folder: Path) -> Folder:
    return Folder(folder, datetime.now(UTC), 30)


def central(folder: Path, base: Settings | None = None, **overrides: Any) -> Settings:
    """Settings of a centre for the three sites, with its files in `folder`; the rest is as in `base`."""
    if not (folder / CA).exists():
        certificates(folder).bootstrap(["localhost", "127.0.0.1"], ["berlin", "bern"])
    (folder / "secret").write_text(new_secret())
    os.environ.setdefault("TEST_TOKEN", "secret-of-the-test")
    (folder / "tenants.toml").write_text(TENANTS + SITES.format(folder=folder))
    own = {name: getattr(base, name) for name in base.model_fields_set} if base else {}
    own |= {"tenants": folder / "tenants.toml", "collect_port": free_port(), "collect_health_port": 0}
    own |= {"redis_timeout_s": 5}  # on a busy machine it would go on without Redis
    own |= {"tls_cert": str(folder / SERVER), "tls_client_ca": str(folder / CA)}
    return load_settings(**own | overrides)


def client_site(folder: Path, centre: Settings, name: str = "berlin", **overrides: Any) -> Settings:
    """Settings of a site, as far as the gateway needs them."""
    own = {
        "gateway_url": f"https://localhost:{centre.collect_port}",
        "gateway_site": name,
        "gateway_secrets": f"file:{folder}/secret",
        "gateway_ca": str(folder / CA),
        "gateway_cert": str(folder / file_of(name)),
    }
    return load_settings(**own | overrides)


class Centre:
    """`ask` sends one request as a site with both proofs, of which each may be replaced."""

    def __init__(self, folder: Path, settings: Settings, kept: Kept, tls: ServerTls | None) -> None:
        self.folder, self.settings, self.kept, self.tls = folder, settings, kept, tls
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{settings.collect_port}/v1/batches"

    def client(self, cert: str = file_of("berlin")) -> httpx.AsyncClient:
        context = client_context(str(self.folder / CA), str(self.folder / cert) if cert else "")
        return httpx.AsyncClient(verify=context, timeout=10)

    def signed(self, body: bytes, ident: str, at_s: float | None = None) -> dict[str, str]:
        at = int(time.time() if at_s is None else at_s)
        return signed_headers([(self.folder / "secret").read_text()], ident, at, body)

    async def ask(
        self, batch: Batch | bytes, site: str = "berlin", cert: str = "", ident: str = "", **headers: str
    ) -> httpx.Response:
        body = batch if isinstance(batch, bytes) else encode(batch)
        own = self.signed(body, ident or (batch.batch_id if isinstance(batch, Batch) else "b"))
        own |= {"X-Capi-Site": site} | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client(cert or file_of("berlin")) as client:
            return await client.post(self.url, content=body, headers=own)


@asynccontextmanager
async def serving_centre(
    folder: Path, settings: Settings, publisher: Publisher | None = None
) -> AsyncIterator[Centre]:
    """The rejects are kept; RabbitMQ and Redis are those of `settings`."""
    stop, kept, tls = asyncio.Event(), Kept(), server_tls(settings)
    part = batches_part(settings, kept, publisher)
    serving = asyncio.create_task(run_collect(settings, [part], stop, tls.context if tls else None))
    try:
        await reachable(settings.collect_port, lambda: not serving.done())
        yield Centre(folder, settings, kept, tls)
    finally:
        stop.set()
        await serving


def batch(ident: str, **event: Any) -> Batch:
    now_ms = time.time_ns() // 1_000_000
    return batch_of(job(event_id=f"e-{ident}", event_time_ms=now_ms, **event), ident, now_ms)
