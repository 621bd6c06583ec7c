"""What the console's handlers work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from agents.access.users import User, Users
from sinks.notes import note_of, write_note
from streams.ledger.queries import Query
from streams.settings import Settings


class Ledger(Protocol):
    """All ledger workers as one."""

    async def ask(self, query: Query) -> Any:
        """The merged answer; raises AwayError while none can answer."""


class AwayError(Exception):
    """Who should answer cannot now; the page is a 503 that says so in these words."""


@dataclass(frozen=True)
class Desk:
    """`ask` puts a question to the ledger, `note` writes to the audit, durable when it returns."""

    settings: Settings
    users: Users
    ledger: Ledger
    sessions: Any  # agents.session_workers.SessionWorkers

    async def ask(self, query: Query) -> Any:
        return await self.ledger.ask(query)

    async def note(
        self, user: User, what: str, target: str, tenant: str = "", why: str = "", result: str = ""
    ) -> None:
        """Raises NoteError: without an audit nothing is done."""
        note = note_of(user.name, what, target, tenant=tenant, why=why, result=result)
        await write_note(self.settings, note)
