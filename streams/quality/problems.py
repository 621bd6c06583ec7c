"""What is wrong with an event for one platform, in words for the people who send it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Severity = Literal[
    "refused",  # the platform would refuse the event, and every other in the same request
    "warning",  # the event is sent, without the field where the field is at fault
]


class Problem(msgspec.Struct, frozen=True):
    """`code` is one of few words, to be counted by. `field` is a JSON path of the public event, `reason` says what
    is wrong and `fix` what to do about it; none of them ever holds a value."""

    code: str
    field: str
    reason: str
    fix: str
    severity: Severity = "refused"


def warning(problem: Problem) -> Problem:
    """The same problem where the event can do without the field."""
    return msgspec.structs.replace(problem, severity="warning")


def refused(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that keep the event from being sent; none means that it can go."""
    return tuple(problem for problem in problems if problem.severity == "refused")


def warnings(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity == "warning")
