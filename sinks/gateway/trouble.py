"""What keeps batches from the centre, told once while any of them waits, and when none does any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from sinks.gateway.verdict import Wait

log = structlog.get_logger(__name__)


class Trouble:
    """Of all batches of a process together."""

    def __init__(self) -> None:
        self._waiting: set[str] = set()
        self._told: set[str] = set()

    def note(self, batch_id: str, wait: Wait, ids: Callable[[], Mapping[str, str]]) -> None:
        """`ids` names the batch in the log; asked only when something is told."""
        self._waiting.add(batch_id)
        if wait.why not in self._told:
            self._told.add(wait.why)
            tell = log.error if wait.alarm else log.warning
            what = {**ids(), "batch_id": batch_id}
            tell("the central site does not take a batch; Kafka keeps it", **what, why=wait.why)

    def over(self, batch_id: str) -> None:
        """The centre has answered for good."""
        if batch_id in self._waiting:
            self.forget(batch_id)
            if not self._waiting:
                log.info("the central site takes batches again")

    def forget(self, batch_id: str) -> None:
        """It is no longer this process's."""
        self._waiting.discard(batch_id)
        if not self._waiting:
            self._told.clear()
