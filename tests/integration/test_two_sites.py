"""Two sites on one machine: visits enter at the client site and arrive at the platforms through the central one.

Each has a configuration, topics and files of its own; between them are TLS 1.3, certificates of both, and
signatures. RabbitMQ goes away and comes back under the centre; meanwhile secret and certificates are rotated.
Somebody is erased at either site.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.structs import ConsumerRecord

from agents.certs.folder import CA, SERVER, file_of
from sinks.gateway.tls import client_context
from sinks.topology import work_queue
from streams.events import decode_outcome, decode_reject
from streams.tombstones import ERASED
from tests.e2e.visits import taken, visit
from tests.gateway import certificates, new_secret
from tests.integration.parked_jobs import capi
from tests.integration.test_erase import event, event_ids, tell
from tests.kafka import eventually, read_all, read_until
from tests.rabbit import ready
from tests.site import TENANTS, Site, free_port, site
from tests.unit.collecting import reachable
from tests.valve import Valve, valve
from tests.workers import start

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

BERLIN = """
[sites.berlin]
tenants = ["default"]
secrets = ["file:{folder}/secret", "file:{folder}/next-secret"]
certificate = "berlin"
"""
CLIENT_TENANTS = """
[tenants.default]
default_country = "US"
remember_days = 0
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The CA's folder, the secrets, and the tenants files of both sites."""
    folder = tmp_path / "files"
    certificates(folder).bootstrap(["localhost"], ["berlin"])
    (folder / "secret").write_text(new_secret())
    (folder / "central.toml").write_text(TENANTS + BERLIN.format(folder=folder))
    (folder / "berlin.toml").write_text(CLIENT_TENANTS)
    return folder


@pytest.fixture
def central(tmp_path: Path, files: Path) -> Iterator[Site]:
    own = tmp_path / "central"
    own.mkdir()
    tls = {"tls_cert": str(files / SERVER), "tls_client_ca": str(files / CA), "tls_client_certs": "required"}
    collect = {"collect_port": free_port(), "collect_health_port": 0, "confirm_timeout_s": 1}
    with site(own, tenants=files / "central.toml", **tls, **collect) as made:
        yield made


@pytest.fixture
def berlin(tmp_path: Path, files: Path, central: Site) -> Iterator[Site]:
    own = tmp_path / "berlin"
    own.mkdir()
    gateway = {
        "gateway_url": f"https://localhost:{central.settings.collect_port}",
        "gateway_site": "berlin",
        "gateway_secrets": (f"file:{files}/secret", f"file:{files}/next-secret"),
        "gateway_ca": str(files / CA),
        "gateway_cert": str(files / file_of("berlin")),
    }
    with site(own, tenants=files / "berlin.toml", **gateway) as made:
        yield made


def collect_behind(relay: Valve, central: Site) -> Any:
    """The centre's gateway, whose way to RabbitMQ can be shut. Delivery has its own."""
    head, _, vhost = central.settings.rabbitmq_url.rpartition("/")
    url = f"{head.rpartition(':')[0]}:{relay.port}/{vhost}"
    process = start(
        ["agents.cli", "collect"], central.env | {"CAPI_RABBITMQ_URL": url}, central.folder / "collect.log"
    )
    central.processes.append(process)
    return process


def arrived(central: Site, *sessions: str) -> bool:
    """Each session's four events at Meta and three at TikTok, which has no PageView: all, and each once."""
    lines = taken(central, *sessions)
    return len(lines) == 7 * len(sessions) and {line["count"] for line in lines.values()} == {1}


async def refused(context: ssl.SSLContext, url: str) -> bool:
    async with httpx.AsyncClient(verify=context) as client:
        try:
            await client.get(f"{url}/v1/batches")
        except httpx.TransportError:
            return True
    return False


async def served(context: ssl.SSLContext, url: str) -> bytes:
    """The gateway's certificate."""
    host, _, port = url.removeprefix("https://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=context)
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


async def test_visits_arrive_through_the_centre_whatever_happens_there(
    central: Site, berlin: Site, files: Path
) -> None:
    async with valve(5672) as relay:
        collect = collect_behind(relay, central)
        central.worker("deliver")
        for role in ("ingest", "sessions", "dispatch"):
            berlin.worker(role)

        await reachable(central.settings.collect_port, lambda: collect.poll() is None, 60)
        await berlin.produce(*visit("calm"))
        await eventually(lambda: arrived(central, "calm"), 60)

        url = berlin.settings.gateway_url
        own = client_context(str(files / CA), str(files / file_of("berlin")))
        assert not await refused(own, url)
        assert await refused(client_context(str(files / CA)), url)
        own.minimum_version, own.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        assert await refused(own, url)

        trusting = client_context(str(files / CA), str(files / file_of("berlin")))
        before = await served(trusting, url)
        relay.open.clear()  # RabbitMQ is silent
        await berlin.produce(*visit("storm"), *visit("second"))
        dispatch = berlin.folder / "dispatch.log"
        await eventually(lambda: "does not take a batch" in dispatch.read_text(), 30)
        assert taken(central, "storm", "second") == {}

        certificates(files).rotate(["berlin"], server=True)
        assert await served(trusting, url) == before
        collect.send_signal(signal.SIGHUP)

        async def another_certificate() -> bool:
            return await served(trusting, url) != before

        await eventually(another_certificate, 10)
        (files / "next-secret").write_text(new_secret())
        (files / "secret").unlink()
        relay.cut()
        relay.open.set()
        await berlin.produce(*visit("after"))
        sessions = ("calm", "storm", "second", "after")
        await eventually(lambda: arrived(central, *sessions), 60)

    assert "takes batches again" in dispatch.read_text()
    assert collect.poll() is None
    for settings in (central.settings, berlin.settings):
        assert await read_all(settings, settings.topic("rejects")) == []


async def test_who_is_erased_leaves_neither_site(central: Site, berlin: Site, tmp_path: Path) -> None:
    """Each has a batch in the client's Kafka. Ada is erased there before it goes to the centre; Eve at the centre,
    when her jobs are in its RabbitMQ; Bob stays."""
    ada, bob, eve = (sha256(f"{name}@example.com".encode()).hexdigest() for name in ("ada", "bob", "eve"))
    for role in ("sessions", "visitors"):
        berlin.worker(role)
    people = {"ada": ada, "bob": bob, "eve": eve}
    await tell(berlin, *(event(1, digest, name, "Purchase") for name, digest in people.items()))
    await read_until(berlin.settings, berlin.settings.topic("batches"), lambda found: len(found) == 3, 60)

    erase = ("erase", "--tenant", "default", "--field", "em", "--yes", "--digest")
    told = await asyncio.to_thread(capi, berlin.settings, tmp_path, *erase, ada)
    assert told["done"], told
    assert "central site" in " ".join(told["problems"])

    collect = central.process("collect", ["agents.cli", "collect"])
    await reachable(central.settings.collect_port, lambda: collect.poll() is None, 60)
    berlin.worker("dispatch")

    async def queued() -> bool:
        return await ready(central.settings, work_queue("meta")) == 2

    await eventually(queued, 60)
    # the centre's own session workers are away; its Kafka keeps the request for them
    told = await asyncio.to_thread(capi, central.settings, tmp_path, *erase, eve, "--wait", "0", code=1)
    assert told["waits_for"] == ["sessions"]
    central.worker("deliver")
    await eventually(lambda: "bob-1" in event_ids(central), 60)

    def eve_s_end(found: Sequence[ConsumerRecord]) -> bool:
        outcomes = [decode_outcome(record.value) for record in found]
        return {one.platform for one in outcomes if one.event_id == "eve-1" and one.why == ERASED} == {
            "meta",
            "tiktok",
        }

    await read_until(central.settings, central.settings.topic("outcomes"), eve_s_end, 60)
    assert event_ids(central) == {"bob-1"}
    for records in (
        await read_all(central.settings, central.settings.topic("outcomes")),
        await read_all(central.settings, central.settings.topic("ledger.in")),
    ):
        assert not [record for record in records if b"ada-1" in record.value]
    (reject,) = await read_all(berlin.settings, berlin.settings.topic("rejects"))
    refused = decode_reject(reject.value)
    assert (refused.event_id, refused.reason) == ("ada-1", ERASED)
