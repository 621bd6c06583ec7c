"""Everything that a site shows to people, asked for as an admin: pages, views, answers, commands."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import get_args
from urllib.parse import quote

import httpx

from agents.access.passes import issue
from agents.access.user_file import changing
from agents.access.users import Account, User
from agents.console.pages import ENTRIES
from agents.ledger_web import PATH
from streams.events import encode
from streams.ledger import queries
from streams.settings import Settings
from tests.privacy import Marks, Text
from tests.site import Site
from tests.unit.console.desk import PASSWORD, password_hash
from tests.workers import ROOT

WITHIN_S = 30
HOUR_MS = 3_600_000


def add_admin(settings: Settings) -> None:
    with changing(settings.console_users) as accounts:
        accounts["ada"] = Account("admin", password_hash())


@asynccontextmanager
async def logged_in(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=settings.console_url, timeout=WITHIN_S, trust_env=False) as client:
        form = {"name": "ada", "password": PASSWORD, "csrf": await token_of(client, "/login")}
        assert (await client.post("/login", data=form)).status_code == httpx.codes.SEE_OTHER
        yield client


async def token_of(client: httpx.AsyncClient, page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(page)).text)
    return found[1] if found else ""


async def people(settings: Settings, marks: Marks) -> AsyncIterator[Text]:
    """What is held of a person, asked by values in the clear, and by one that is none."""
    values = [("em", marks.email), ("ph", marks.phone), ("external_id", marks.external_id), ("em", marks.token)]
    async with logged_in(settings) as client:
        token = await token_of(client, "/people")
        for field, value in values:
            form = {"tenant": "default", "field": field, "value": value, "csrf": token}
            found = await client.post("/people", data=form)
            assert found.status_code == (400 if value == marks.token else 200), found.text
            yield "console /people", found.content + repr(found.headers).encode()


async def console(settings: Settings, sessions: Iterable[str]) -> AsyncIterator[Text]:
    """Every page; those of an event and of a session for each of these sessions."""
    named = {
        "/trace": [f"event_id={session}-{n}" for session in sessions for n in (1, 4)],
        "/search": [f"q={session}" for session in sessions],
        "/sessions/one": [f"key={quote(f'default|{session}')}" for session in sessions],
        "/live": ["", *(f"text={session}" for session in sessions)],
    }
    async with logged_in(settings) as client:
        for path in sorted({entry.path for entry in ENTRIES if entry.method == "GET"}):
            for query in named.get(path, [""]):
                found = await client.get(f"{path}?{query}")
                assert found.status_code < 500, f"{path}?{query}: {found.text}"
                yield f"console {path}", found.content + repr(found.headers).encode()


async def views(settings: Settings, sessions: Iterable[str]) -> AsyncIterator[Text]:
    """The session workers' views, as JSON and as pages."""
    ones = [f"/sessions/{quote(f'default|{session}', safe='')}/" for session in sessions]
    events = [f"/events/?event_id={session}-1" for session in sessions]
    async with httpx.AsyncClient(base_url=settings.sessions_url, timeout=WITHIN_S) as client:
        for path in ("/sessions/", "/cluster/", *ones, *events):
            for accept in ("application/json", "text/html"):
                found = await client.get(path, headers=admin(settings) | {"Accept": accept})
                assert found.status_code in (200, 404), f"{path}: {found.text}"
                yield f"views {path}", found.content


async def flushed(settings: Settings, session: str, marks: Marks) -> AsyncIterator[Text]:
    """An operator who names the person in the reason, and one who takes an address for an id."""
    async with httpx.AsyncClient(base_url=settings.sessions_url, timeout=WITHIN_S) as client:
        for ident, status in ((session, 202), (marks.email, 404)):
            path = f"/sessions/{quote(f'default|{ident}', safe='')}/flush"
            body = {"why": f"{marks.email}, {marks.phone} asked"}
            found = await client.post(path, json=body, headers=admin(settings))
            assert found.status_code == status, found.text
            yield "views flush", found.content


async def ledger(settings: Settings, sessions: Iterable[str], digest: str) -> AsyncIterator[Text]:
    """Every question that the ledger answers."""
    since_ms = time.time_ns() // 1_000_000 - HOUR_MS
    asked: list[queries.Query] = [
        *(queries.TraceOf(event_id=f"{session}-{n}") for session in sessions for n in (1, 4)),
        *(queries.SessionOf(tenant="default", session_id=session) for session in sessions),
        queries.CountsOf(since_ms=since_ms),
        queries.QualityOf(since_ms=since_ms),
        queries.RejectsOf(since_ms=since_ms),
        queries.RecentOf(limit=2_000),
        queries.AuditOf(),
        queries.HoldsOf(tenant="default", field="em", digest=digest),
        queries.ClusterOf(),
    ]
    assert {type(query) for query in asked} == set(get_args(queries.Query))
    async with httpx.AsyncClient(base_url=settings.console_url, timeout=WITHIN_S) as client:
        for query in asked:
            found = await client.post(PATH, content=encode(query), headers=admin(settings))
            assert found.status_code == 200, found.text
            yield f"ledger {type(query).__name__}", found.content


def admin(settings: Settings) -> dict[str, str]:
    return {"Authorization": issue(settings, User("ada", "admin"), time.time())}


async def command(shop: Site, line: str, given: str = "") -> Text:
    """One command line, with what it reads from stdin; it ends well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agents.cli", *line.split()),
        cwd=ROOT,
        env=shop.env | {"PATH": os.environ["PATH"]},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(given.encode())
    assert process.returncode == 0, f"capi {line}: {said.decode()}"
    return f"capi {line}", said
