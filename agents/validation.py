"""What would become of raw events: what the door drops, what each platform would refuse, how well each matches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from sinks.jobs import job_for
from sinks.platforms import PLATFORM_RULES
from streams import quality
from streams.door import DEFAULT_TENANT, Admitted, Origin, admit
from streams.events import Consent, Enriched, Event, Reject
from streams.identity.clicks import mint_fbc
from streams.quality import Problem
from streams.raw import MAX_RECORD_BYTES
from streams.tenants import Destination, Tenants


class Assessed(msgspec.Struct, frozen=True, kw_only=True):
    """One destination's view of an event."""

    platform: str
    pixel_id: str
    event_name: str
    score: float
    best_missing_key: str
    gain: float
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        return bool(quality.refused(self.problems))


class LeftOut(msgspec.Struct, frozen=True):
    """A field that the door dropped."""

    field: str
    reason: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the file. `rejected`: the door does not take it, then there is nothing else to say."""

    line: int
    tenant: str = ""
    event_name: str = ""
    event_id: str = ""
    rejected: Problem | None = None
    dropped: tuple[LeftOut, ...] = ()
    destinations: tuple[Assessed, ...] = ()

    @property
    def good(self) -> bool:
        return self.rejected is None and not any(found.refused for found in self.destinations)


class Validator:
    """`tenant` is whose the events are that name none; `platform` "" means all."""

    def __init__(self, tenants: Tenants, tenant: str, platform: str, now_ms: int) -> None:
        self._names = {DEFAULT_TENANT: tenant} if tenant else {}
        own = {DEFAULT_TENANT: tenants.tenants[tenant]} if tenant else {}
        self._tenants = Tenants(dict(tenants.tenants) | own)
        self._platform, self._now_ms = platform, now_ms

    def row(self, line: int, raw: bytes) -> Row:
        """Takes any bytes and never raises."""
        answer = admit(raw, self._tenants, Origin("file", 0, line, self._now_ms))
        if isinstance(answer, Reject):
            why = Problem("rejected", answer.field, answer.reason, answer.fix or "see docs/event.schema.json")
            return Row(line=line, tenant=self._name(answer.tenant), event_id=answer.event_id, rejected=why)
        return self._admitted(line, answer)

    def _admitted(self, line: int, answer: Admitted) -> Row:
        tenant = self._tenants.tenants[answer.event.tenant]
        event = as_it_would_leave(answer.event, tenant.default_consent)
        found = [
            self._assessed(event, destination)
            for destination in tenant.destinations
            if self._platform in ("", destination.platform)
        ]
        return Row(
            line=line,
            tenant=self._name(event.tenant),
            event_name=event.event_name,
            event_id=event.event_id,
            dropped=tuple(LeftOut(*dropped) for dropped in answer.dropped),
            destinations=tuple(assessed for assessed in found if assessed),
        )

    def _assessed(self, event: Event, destination: Destination) -> Assessed | None:
        job = job_for(Enriched(event=event), destination, "")
        if job is None:
            return None
        score = quality.score(quality.person(event).user, destination.platform)
        return Assessed(
            platform=destination.platform,
            pixel_id=destination.pixel_id,
            event_name=job.event_name,
            score=score.value,
            best_missing_key=score.best_missing_key,
            gain=score.gain,
            problems=PLATFORM_RULES[destination.platform].preflight(job, self._now_ms),
        )

    def _name(self, tenant: str) -> str:
        return self._names.get(tenant, tenant)


def as_it_would_leave(event: Event, default_consent: Consent) -> Event:
    """What a session of this one event would release: the tenant's consent, and the click id as a cookie."""
    user = event.user
    if event.fbclid and not user.fbc:
        user = msgspec.structs.replace(user, fbc=mint_fbc(event.fbclid, event.event_time_ms))
    return msgspec.structs.replace(event, user=user, consent=event.consent or default_consent)


def records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; of a line that the door does not take for its length, the
    beginning only, so that no line is ever wholly in memory."""
    number = 0
    while chunk := file.readline(MAX_RECORD_BYTES + 2):
        number += 1
        rest = chunk
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_RECORD_BYTES)):
            pass
        record = chunk.rstrip(b"\r\n")
        if record.strip():
            yield number, record


class Summary:
    """Counts over all rows; of constant size."""

    def __init__(self) -> None:
        self.events = self.rejected = 0
        self.seen: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.warned: Counter[str] = Counter()
        self.advice: Counter[tuple[str, str]] = Counter()
        self._points: Counter[str] = Counter()  # tenths

    def add(self, row: Row) -> None:
        self.events += 1
        self.rejected += row.rejected is not None
        for found in row.destinations:
            self.seen[found.platform] += 1
            self.refused[found.platform] += found.refused
            self.warned[found.platform] += bool(quality.warnings(found.problems))
            self._points[found.platform] += round(found.score * 10)
            if found.best_missing_key:
                self.advice[found.platform, found.best_missing_key] += 1

    @property
    def good(self) -> bool:
        return not self.rejected and not any(self.refused.values())

    def mean_score(self, platform: str) -> float:
        return round(self._points[platform] / self.seen[platform] / 10, 1)

    def best_advice(self, platform: str) -> str:
        """The key that would help most events there, and how many."""
        keys = Counter({key: n for (where, key), n in self.advice.items() if where == platform})
        return ", ".join(f"{key} ({n})" for key, n in keys.most_common(1))
