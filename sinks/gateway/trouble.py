"""What keeps batches from the centre, told once when it begins, when it changes and when it is over."""

from __future__ import annotations

import structlog

from sinks.gateway.verdict import Wait

log = structlog.get_logger(__name__)


class Trouble:
    """Of all POSTs of a process together."""

    def __init__(self) -> None:
        self._told = ""

    def note(self, wait: Wait) -> None:
        if wait.why == self._told:
            return
        self._told = wait.why
        tell = log.error if wait.alarm else log.warning
        tell("the central site does not take batches; Kafka keeps them", why=wait.why)

    def over(self) -> None:
        if self._told:
            self._told = ""
            log.info("the central site takes batches again")
