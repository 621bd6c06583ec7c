"""The console without the rest: real users and logins, hand-made answers, an audit that is a list."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from agents.access.user_file import changing
from agents.access.users import ROLES, Account, User, Users
from agents.console.app import make_app
from agents.console.desk import AwayError, Desk
from agents.session_workers import SessionsError
from sinks.notes import note_of
from streams.events import Noted
from streams.ledger import answers, queries
from streams.ledger.queries import Query
from streams.session_find import Found
from streams.session_view import SessionCluster, SessionList
from streams.settings import Settings, load_settings

PASSWORD = "correct horse battery staple"
HOSTILE = "<script>alert(1)</script>'\"&<img src=x onerror=alert(2)>"
TENANTS = """
[tenants.shop]
[[tenants.shop.destinations]]
platform = "meta"
pixel_id = "1111111111"
token = "env:NO_TOKEN"
[tenants.other]
[[tenants.other.destinations]]
platform = "tiktok"
pixel_id = "CTESTPIXEL"
token = "env:NO_TOKEN"
"""
EMPTY: dict[type[Query], answers.Answer] = {
    queries.TraceOf: answers.Traces(),
    queries.SessionOf: answers.Traces(),
    queries.CountsOf: answers.Counts(),
    queries.QualityOf: answers.Quality(),
    queries.RejectsOf: answers.Rejects(),
    queries.RecentOf: answers.Recent(),
    queries.AuditOf: answers.Audit(),
    queries.HoldsOf: answers.Holds(),
    queries.ClusterOf: answers.Cluster(),
}


@cache
def password_hash() -> str:
    """One that costs little."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class FakeLedger:
    """Answers by the kind of question; `asked` are the questions. `away`: nobody answers."""

    def __init__(self) -> None:
        self.answers: dict[type[Query], answers.Answer] = dict(EMPTY)
        self.asked: list[Query] = []
        self.away = False

    async def ask(self, query: Query) -> Any:
        self.asked.append(query)
        if self.away:
            raise AwayError("partitions of the ledger are being taken over")
        return self.answers[type(query)]


class FakeSessions:
    """No session worker's session is open; `given` are the commands."""

    def __init__(self) -> None:
        self.found = SessionList(rows=(), after="", found=0, looked_at=0, partial=False)
        self.seen = SessionCluster()
        self.view: Any = None
        self.places = Found()
        self.given: list[tuple[str, str, str, str]] = []
        self.away = False

    def _here(self) -> None:
        if self.away:
            raise SessionsError("no session worker answers", 503)

    async def list(self, user: User, wanted: Any) -> SessionList:
        self._here()
        return self.found

    async def find(self, user: User, event_id: str, tenant: str = "") -> Found:
        self._here()
        return self.places

    async def show(self, user: User, tenant: str, session_id: str) -> Any:
        self._here()
        return self.view if user.sees(tenant) else None

    async def cluster(self, user: User) -> SessionCluster:
        self._here()
        return self.seen

    async def flush(self, user: User, tenant: str, session_id: str, why: str) -> None:
        self.given.append(("flush", tenant, session_id, why))

    async def erase(self, user: User, tenant: str, session_id: str, why: str) -> None:
        self.given.append(("erase", tenant, session_id, why))


@dataclass(frozen=True)
class FakeDesk(Desk):
    noted: list[Noted] = field(default_factory=list)

    async def note(
        self, user: User, what: str, target: str, tenant: str = "", why: str = "", result: str = ""
    ) -> None:
        self.noted.append(note_of(user.name, what, target, tenant=tenant, why=why, result=result))


def fake_desk(folder: Path, **overrides: Any) -> FakeDesk:
    """Users are named by their roles; `shop-<role>` sees one tenant. No users with `nobody=True`."""
    tenants, users = folder / "tenants.toml", folder / "users.toml"
    tenants.write_text(TENANTS)
    if not overrides.pop("nobody", False):
        with changing(users) as accounts:
            for role in ROLES:
                accounts[role] = Account(role, password_hash())
                accounts[f"shop-{role}"] = Account(role, password_hash(), ("shop",))
    places = {"tenants": tenants, "console_users": users, "internal_secret": f"file:{folder / 'secret'}"}
    settings: Settings = load_settings(**(places | {"namespace": "test-console"} | overrides))
    return FakeDesk(settings, Users(users), FakeLedger(), FakeSessions())


class Browser:
    """Keeps cookies, follows no redirect by itself, and fills in the token of the page that it saw last."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client
        self.csrf = ""

    async def get(self, path: str, **headers: str) -> ClientResponse:
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        if found := re.search(r'name="csrf" value="([^"]+)"', await answer.text()):
            self.csrf = found[1]
        return answer

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> ClientResponse:
        return await self.client.post(
            path, data={"csrf": self.csrf, **form}, headers=headers, allow_redirects=False
        )

    async def login(self, name: str, password: str = PASSWORD, **form: str) -> ClientResponse:
        await self.get("/login")
        return await self.post("/login", {"name": name, "password": password, **form})

    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.client.session.cookie_jar}


@asynccontextmanager
async def console(desk: Desk) -> AsyncIterator[Browser]:
    """A visitor of the whole console, not logged in."""
    async with TestClient(TestServer(make_app(desk)), cookie_jar=CookieJar(unsafe=True)) as client:
        yield Browser(client)
