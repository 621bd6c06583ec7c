"""What every door does with the door's answer: count it, sum up rejects for the log, and make it a record."""

from __future__ import annotations

import structlog
from msgspec import structs

from agents.counters import ADMITTED, DENIED, FIELDS_DROPPED, REJECTED, ROBOTS
from agents.tally import Tally
from streams.door import Admitted
from streams.events import Reject, encode
from streams.runs import Outgoing
from streams.settings import Settings

log = structlog.get_logger(__name__)

SUMMARY_S = 5  # how soon the first reject is told of


class Admission:
    """One a process. Call `sum_up` every SUMMARY_S."""

    def __init__(self, settings: Settings, tally: Tally | None = None) -> None:
        self._settings = settings
        self._tally = tally or Tally()

    def record(self, answer: Admitted | Reject) -> Outgoing:
        """The hashed event for the session topic, or a reject that says why not.

        Each reject is a line at DEBUG only; at INFO `sum_up` tells of them: a flood of robots floods no log.
        """
        if isinstance(answer, Reject):
            REJECTED.labels(answer.tenant, answer.reason).inc()
            self._tally.add(answer)
            log.debug("rejected", **structs.asdict(answer))
            return Outgoing(self._settings.topic("rejects"), None, encode(answer))
        event = answer.event
        _count(answer)
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
