"""A whole small site for tests: its own topics, virtual host, tenants file, stand-in platforms, and the roles as
processes that die with the test."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from agents.provision import apply_queues, apply_topics
from agents.roles import FAUST_ROLES, ROLES
from streams.settings import Settings
from tests.kafka import fresh_settings
from tests.workers import environment, start

PORTS = range(20_000, 32_000)
META, TIKTOK = "1111111111", "CTESTPIXEL"
TENANTS = f"""
[tenants.default]
default_country = "US"
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "{META}"
token = "env:TEST_TOKEN"
[[tenants.default.destinations]]
platform = "tiktok"
pixel_id = "{TIKTOK}"
token = "env:TEST_TOKEN"
"""


def free_port() -> int:
    """Not one of those that the kernel gives to outgoing connections: it could be somebody's before it is used."""
    while True:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Site:
    """`worker("sessions")` starts a role; `ledger()` is what the platforms accepted."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.env = environment(settings, TEST_TOKEN=secrets.token_hex(8))
        self.processes: list[subprocess.Popen[bytes]] = []
        self.roles: dict[str, subprocess.Popen[bytes]] = {}  # the worker of each that was started last

    def start_roles(self) -> None:
        for role in ROLES:
            self.worker(role)

    def worker(self, role: str) -> subprocess.Popen[bytes]:
        arguments = ["agents.cli", role]
        if role in FAUST_ROLES:
            arguments = ["faust", "-A", f"agents.{role}", "worker", "-l", "warn"]
        self.roles[role] = self.process(role, arguments)
        return self.roles[role]

    def process(self, name: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        self.processes.append(start(arguments, self.env, self.folder / f"{name}.log"))
        return self.processes[-1]

    def capi(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        process = start(["agents.cli", *arguments], self.env, self.folder / "capi.log")
        code = process.wait(60)
        assert code == 0, (self.folder / "capi.log").read_text()
        return subprocess.CompletedProcess(arguments, code)

    def ledger(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = httpx.get(f"{self.settings.meta_url}/ledger").json()["events"]
        return events

    def behave(self, **how: object) -> None:
        httpx.post(f"{self.settings.meta_url}/behave", json=how).raise_for_status()

    async def produce(self, *events: Mapping[str, Any]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka_servers)
        await producer.start()
        try:
            for event in events:
                value = json.dumps(event).encode()
                await producer.send_and_wait(
                    self.settings.topic("events"), value, str(event["session_id"]).encode()
                )
        finally:
            await producer.stop()

    def logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-4000:]}" for log in sorted(self.folder.glob("*.log")))


@contextmanager
def site(folder: Path, **overrides: Any) -> Iterator[Site]:
    """A provisioned site with stand-in platforms and no roles yet; short windows unless overridden."""
    tenants, port = folder / "tenants.toml", free_port()
    tenants.write_text(TENANTS)
    short = {
        "idle_s": 3,
        "max_age_s": 12,
        "grace_s": 6,
        "tick_s": 0.5,
        "retry_s": (1, 2, 4),
        "session_timeout_s": 6,
    }
    urls = {
        "tenants": tenants,
        "rabbitmq_url": f"amqp://guest:guest@127.0.0.1:5672/test-{secrets.token_hex(4)}",
        "meta_url": f"http://127.0.0.1:{port}",
        "tiktok_url": f"http://127.0.0.1:{port}",
    }
    made = Site(folder, fresh_settings(**(short | urls | {"mirror": True} | overrides)))
    try:
        made.process("platforms", ["agents.cli", "platforms", "--port", str(port)])
        _provision(made.settings)
        _wait_for(made.settings.meta_url + "/healthz")
        yield made
    finally:
        for process in made.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        _remove(made)


def _provision(settings: Settings) -> None:
    """What `capi topics apply` and `capi queues apply` do; in a thread, for the test may have an event loop."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(apply_topics(settings))).result()
    apply_queues(settings)


def _wait_for(url: str, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            httpx.get(url).raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return


def _remove(made: Site) -> None:
    """The virtual host goes; topics of a test namespace are small and go with the stack's data."""
    vhost = made.settings.rabbitmq_url.rpartition("/")[2]
    url = f"{made.settings.rabbitmq_management_url}/api/vhosts/{vhost}"
    httpx.delete(url, auth=("guest", "guest"))
