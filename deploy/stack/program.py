"""What supervisord is told about one process, and the errors of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class StackError(Exception):
    """The stack cannot be brought up; the message says what to do."""


@dataclass(frozen=True)
class Program:
    """One supervised process. `stop_s` is how long it may take to stop before it is killed, seconds."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_s: int = 20
    priority: int = 10
