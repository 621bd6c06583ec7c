"""How far the demo is: plain counts that the feed, the consumer and the ledger keep, and the screen shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.demo.plan import Planned
from agents.demo.verdict import EMAIL_KEYS, Accepted
from streams.events import Batch, Reject


@dataclass
class Progress:
    """`planned` events are to be sent; everything else grows from nothing."""

    planned: int
    phase: str = "making topics and queues"
    sent: int = 0
    batches: list[Batch] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    delivered: dict[str, int] = field(default_factory=lambda: dict.fromkeys(EMAIL_KEYS, 0))
    _open: Counter[str] = field(default_factory=Counter)

    def on_sent(self, step: Planned) -> None:
        self.sent += 1
        self._open[step.session_id] += 1

    def on_left(self, value: Batch | Reject) -> None:
        if isinstance(value, Reject):
            self.rejected[f"{value.reason} ({value.field})" if value.field else value.reason] += 1
        else:
            self.batches.append(value)
            self._open[value.session_id] -= len(value.events)

    def on_ledger(self, accepted: Iterable[Accepted]) -> None:
        self.delivered |= Counter(line.platform for line in accepted)

    @property
    def open_sessions(self) -> int:
        return sum(waiting > 0 for waiting in self._open.values())

    @property
    def held(self) -> int:
        return sum(waiting for waiting in self._open.values() if waiting > 0)

    @property
    def complete(self) -> bool:
        """Every event was sent and is at each platform, or was refused at the door."""
        due = self.planned - self.rejected.total()
        return self.sent == self.planned and all(self.delivered[platform] >= due for platform in EMAIL_KEYS)
