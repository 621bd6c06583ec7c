"""A whole site with two ledger workers that are killed: what the ledger knows, beside what the platforms took."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from agents.access.passes import issue
from agents.access.users import User
from tests.e2e.visits import visit
from tests.site import Site, free_port, site
from tests.workers import start

MODULE = "agents.ledger"
USER = User("tests", "viewer")
Delivery = tuple[str, str, str]  # platform, pixel, event id


class Ledgers:
    """The ledger's workers; `kill` one, which comes back at once under its address."""

    def __init__(self, made: Site) -> None:
        self._site, self._ports = made, (free_port(), free_port())
        self._workers = {port: self._start(port) for port in self._ports}

    def _start(self, port: int) -> Any:
        env = self._site.env | {"CAPI_CONSOLE_PORT": str(port)}
        arguments = ["faust", "-A", MODULE, "worker", "-l", "warn"]
        process = start(arguments, env, self._site.folder / f"ledger-{port}.log")
        self._site.processes.append(process)
        return process

    def kill(self, rng: random.Random) -> None:
        port = rng.choice(self._ports)
        self._workers[port].kill()
        self._workers[port].wait()
        self._workers[port] = self._start(port)

    async def jobs_of(self, event_id: str) -> list[dict[str, Any]]:
        """All jobs of an event, of both workers; raises httpx's errors while one cannot answer."""
        allowed = {"Authorization": issue(self._site.settings, USER, time.time())}
        async with httpx.AsyncClient(headers=allowed) as client:
            found: list[dict[str, Any]] = []
            for port in self._ports:
                question = {"ask": "trace", "event_id": event_id}
                answer = await client.post(f"http://127.0.0.1:{port}/v1/ledger?local=1", json=question)
                found += [
                    job for event in answer.raise_for_status().json().get("events", []) for job in event["jobs"]
                ]
            return found


@contextmanager
def ledger_site(folder: Path) -> Iterator[tuple[Site, Ledgers]]:
    with site(folder, idle_s=60, max_age_s=120, probe_s=0.5, internal_secret=f"file:{folder}/secret") as made:
        made.start_roles()
        yield made, Ledgers(made)


async def traffic(made: Site, ledgers: Ledgers, sessions: list[str], seed: int) -> None:
    """Visits by tens; a random moment behind each ten a ledger worker is killed. Some POSTs are answered 500."""
    rng = random.Random(seed)
    for first in range(0, len(sessions), 10):
        made.behave(platform="meta", mode="500", times=1)
        await made.produce(*(one for session in sessions[first : first + 10] for one in visit(session)))
        await asyncio.sleep(rng.uniform(0, 3))
        ledgers.kill(rng)


def taken(made: Site) -> set[Delivery]:
    """What the stand-in took."""
    return {(line["platform"], line["pixel"], line["event_id"]) for line in made.ledger()}


async def known(ledgers: Ledgers, sessions: list[str]) -> dict[Delivery, dict[str, Any]]:
    """What the ledger knows of each delivery, as JobTrace; empty while a worker is away."""
    events = [event["event_id"] for session in sessions for event in visit(session)]
    try:
        return {
            (job["platform"], job["pixel_id"], event_id): job
            for event_id in events
            for job in await ledgers.jobs_of(event_id)
        }
    except httpx.HTTPError:
        return {}


def delivered(heard: dict[Delivery, dict[str, Any]]) -> set[Delivery]:
    return {delivery for delivery, job in heard.items() if job.get("state") == "delivered"}


def attempts(job: dict[str, Any]) -> list[int]:
    """The numbers of the attempts that the ledger knows of."""
    return sorted(attempt["attempt"] for attempt in job["attempts"])
