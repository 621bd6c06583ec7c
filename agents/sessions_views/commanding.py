"""Commands to one session: written to its log together with their entry in the audit, by any worker."""

from __future__ import annotations

from sinks.notes import note_of
from sinks.records import RecordWriter
from streams.events import Command, Flush, Forget, encode, session_key
from streams.runs import Outgoing
from streams.settings import Settings

KINDS: dict[str, type[Flush] | type[Forget]] = {"flush": Flush, "erase": Forget}


class Commanding:
    """`start` it in the worker's event loop; `give` returns when Kafka has both safe."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._writer = RecordWriter(settings)

    async def start(self) -> None:
        self._writer.start()

    async def stop(self) -> None:
        await self._writer.close()

    async def give(self, what: str, tenant: str, session_id: str, by: str, why: str) -> None:
        """`what` is flush or erase. Raises NotWrittenError: perhaps neither is done; again does no harm."""
        command: Command = KINDS[what](tenant=tenant, session_id=session_id, by=by)
        target = session_key(tenant, session_id).decode()
        note = note_of(by, what, target, tenant=tenant, why=why, result="asked")
        await self._writer.write(
            [
                Outgoing(self._settings.topic("ledger.in"), None, encode(note)),
                Outgoing(self._settings.topic("sessions.in"), command.key, encode(command)),
            ]
        )
