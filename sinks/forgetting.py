"""Forget people everywhere, wait until it is done, and count what was removed where.

| where | how | counted by |
|---|---|---|
| open sessions, Redis mirror | `Erase` to every partition of `sessions.in` | rejects "erased on request" |
| memory of visitors | the session workers pass it on | what its workers note in the audit |
| ledger | the session workers pass it on | asked before and after by `capi erase` |
| parked jobs | a sweep over `capi_parked` | the sweep |
| jobs in queues, batches in Kafka | tombstones: before each POST, in `capi replay` | when their turn comes |
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from sinks.erasures import Sent, send_erasures, shown
from sinks.offsets import Offsets, TopicEnds, committed_by
from sinks.parked.drop import DropParked
from sinks.parked.messages import Parked, ParkedFilter
from sinks.parked.sweep import Sweep
from streams.events import UNREADABLE, Erase, Noted, decode_ledger_input, decode_reject
from streams.settings import Settings
from streams.tombstones import ERASED

LOOK_S = 0.5
ROLES = ("visitors", "ledger")  # to whom the sessions pass it on; a site need not run the ledger


class Forgotten(msgspec.Struct, kw_only=True):
    """What was removed. `waits_for` names the roles that were not that far when time was up: what they hold is
    removed as soon as they are back, and not counted. `parked` is None when RabbitMQ could not be asked; others
    who read the parked jobs meanwhile, `readers`, may have held some."""

    sent: list[Sent]
    waits_for: list[str] = []
    events: int = 0
    memories: int = 0
    parked: int | None = None
    readers: int = 0

    @property
    def done(self) -> bool:
        return not self.waits_for and self.parked is not None and not self.readers


class Forgetting:
    """`run` it once. `progress` is told what is waited for."""

    def __init__(
        self,
        settings: Settings,
        erasures: Sequence[Erase],
        who: str,
        wait_s: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._settings, self._erasures, self._who = settings, erasures, who
        self._wait_s, self._progress = wait_s, progress

    async def run(self) -> Forgotten:
        """Raises ErasureError, OffsetsError and KafkaAdminError; to run it again does no harm."""
        topic = self._settings.topic
        async with TopicEnds(self._settings) as log:
            before = {name: await log.ends(topic(name)) for name in ("rejects", "ledger.in")}
            found = Forgotten(sent=await send_erasures(self._settings, self._erasures, self._who))
            self._until_s = time.monotonic() + self._wait_s
            asked: Offsets = {}
            for one in found.sent:
                asked[one.partition] = max(asked.get(one.partition, 0), one.offset + 1)
            await self._wait(found, "sessions", asked)
            for role in ROLES if not found.waits_for else ():
                if role != "ledger" or await committed_by(self._settings, self._group(role), topic(f"{role}.in")):
                    await self._wait(found, role, await log.ends(topic(f"{role}.in"), written=True))
            await self._count(found, log, before)
        return found

    async def sweep(self, found: Forgotten) -> None:
        """Drop the parked jobs that hold one of them. Raises BrowseError, DropError."""
        self._progress("parked jobs")
        dropping = DropParked(self._settings, ERASED)
        sweep = Sweep(self._settings, ParkedFilter(), act=dropping.act, can_act=self._holds)
        try:
            await sweep.run()
        finally:
            await dropping.close()
        found.parked, found.readers = sweep.done, sweep.readers

    def _holds(self, parked: Parked) -> bool:
        return any(
            erase.digest.encode() in parked.body
            and (parked.job is None or parked.job.event.tenant == erase.tenant)
            for erase in self._erasures
        )

    def _group(self, role: str) -> str:
        return f"{self._settings.namespace}-{role}"

    async def _wait(self, found: Forgotten, role: str, asked: Offsets) -> None:
        self._progress(role)
        topic = self._settings.topic(f"{role}.in")
        while not _passed(await committed_by(self._settings, self._group(role), topic), asked):
            if time.monotonic() >= self._until_s:
                found.waits_for.append(role)
                return
            await asyncio.sleep(LOOK_S)

    async def _count(self, found: Forgotten, log: TopicEnds, before: Mapping[str, Offsets]) -> None:
        tenant, people = self._erasures[0].tenant, {shown(erase) for erase in self._erasures}
        topic = self._settings.topic("rejects")
        async for record in log.between(topic, before["rejects"], await log.ends(topic, written=True)):
            found.events += _is_reject_of(record.value or b"", tenant)
        topic = self._settings.topic("ledger.in")
        async for record in log.between(topic, before["ledger.in"], await log.ends(topic, written=True)):
            found.memories += _memories(record.value or b"", tenant, people)


def _passed(committed: Offsets, asked: Offsets) -> bool:
    return all(committed.get(partition, 0) >= offset for partition, offset in asked.items())


def _is_reject_of(value: bytes, tenant: str) -> bool:
    try:
        reject = decode_reject(value)
    except UNREADABLE:
        return False
    return reject.reason == ERASED and reject.tenant == tenant


def _memories(value: bytes, tenant: str, people: set[str]) -> int:
    """What a `visitors` worker says that it removed."""
    try:
        note = decode_ledger_input(value)
    except UNREADABLE:
        return 0
    if not isinstance(note, Noted) or note.what != "erased" or note.tenant != tenant or note.target not in people:
        return 0
    return int(note.result.partition(" ")[0])
