"""What the console's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from agents.access.users import User, Users
from sinks.notes import note_of, write_note
from streams.ledger.queries import Query
from streams.session_find import Found
from streams.session_view import SessionCluster, SessionList, SessionView, Wanted
from streams.settings import Settings


class Ledger(Protocol):
    """All ledger workers as one."""

    async def ask(self, query: Query) -> Any:
        """The merged answer; raises AwayError while none can answer."""


class Sessions(Protocol):
    """All session workers as one, as agents.session_workers.SessionWorkers; SessionsError while none answers."""

    async def list(self, user: User, wanted: Wanted) -> SessionList: ...

    async def find(self, user: User, event_id: str, tenant: str = "") -> Found: ...

    async def show(self, user: User, tenant: str, session_id: str) -> SessionView | None: ...

    async def cluster(self, user: User) -> SessionCluster: ...

    async def flush(self, user: User, tenant: str, session_id: str, why: str) -> None: ...

    async def erase(self, user: User, tenant: str, session_id: str, why: str) -> None: ...


class AwayError(Exception):
    """Who should answer cannot now; the page is a 503 that says so in these words."""


@dataclass(frozen=True)
class Desk:
    """`ask` puts a question to the ledger, `note` writes to the audit, durable when it returns."""

    settings: Settings
    users: Users
    ledger: Ledger
    sessions: Sessions

    async def ask(self, query: Query) -> Any:
        return await self.ledger.ask(query)

    async def note(
        self, user: User, what: str, target: str, tenant: str = "", why: str = "", result: str = ""
    ) -> None:
        """Raises NoteError: without an audit nothing is done."""
        note = note_of(user.name, what, target, tenant=tenant, why=why, result=result)
        await write_note(self.settings, note)
