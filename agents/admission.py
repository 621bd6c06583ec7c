"""What every door does with the door's answer: count it, sum up rejects for the log, and make it a record."""

from __future__ import annotations

import time

import structlog

from agents import rejects
from agents.counters import ADMITTED, DENIED, FIELDS_DROPPED, REJECTED, ROBOTS
from agents.tally import Tally
from sinks.traces import Attributes, traces_of
from streams.door import Admitted
from streams.events import Reject, encode
from streams.runs import Outgoing
from streams.settings import Settings

log = structlog.get_logger(__name__)

SUMMARY_S = 5  # how soon the first reject is told of


class Admission:
    """One a process. Call `sum_up` every SUMMARY_S."""

    def __init__(self, settings: Settings, tally: Tally | None = None, role: str = "ingest") -> None:
        self._settings, self._role = settings, role
        self._traces = traces_of(settings, role)
        self._tally = tally or Tally()

    def record(self, answer: Admitted | Reject, since_ms: int = 0, link: bytes = b"") -> Outgoing:
        """The hashed event for the session topic, or a reject that says why not. `since_ms` is when the record
        came to the door, Unix, 0 for just now; `link` its producer's traceparent.

        Each reject is a line at DEBUG only; at INFO `sum_up` tells of them.
        """
        if isinstance(answer, Reject):
            REJECTED.labels(answer.tenant, answer.reason).inc()
            self._tally.add(answer)
            return rejects.record_of(self._settings, answer)
        event = answer.event
        _count(answer)
        if self._traces is not None:
            now_ms = time.time_ns() // 1_000_000
            about: Attributes = {"capi.door": self._role, "capi.fields_dropped": len(answer.dropped)}
            self._traces.tell("door", event.tenant, event.event_id, since_ms or now_ms, now_ms, about, link=link)
        return Outgoing(self._settings.topic("sessions.in"), event.key, encode(event))

    def sum_up(self) -> None:
        for summary in self._tally.due():
            log.info("rejected", **summary)


def _count(answer: Admitted) -> None:
    event = answer.event
    ADMITTED.labels(event.tenant).inc()
    if event.consent == "denied":
        DENIED.labels(event.tenant).inc()
    if event.robot:
        ROBOTS.labels(event.tenant).inc()
    for dropped in answer.dropped:
        FIELDS_DROPPED.labels(event.tenant, dropped.field, dropped.reason).inc()
