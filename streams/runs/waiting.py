"""What the tasks of an event loop wait for: code places only, so that it may be logged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DEEPEST = 40  # awaits followed into one another
SHOWN = 6  # of which the last


def waiting(loops: Iterable[asyncio.AbstractEventLoop]) -> list[str]:
    """How many tasks wait where: function and line of each await, innermost last. A loop of another thread is
    seen in passing."""
    found = Counter(_place(task) for loop in loops for task in asyncio.all_tasks(loop))
    return [f"{count} {place}" for place, count in sorted(found.items())]


def _place(task: asyncio.Task[Any]) -> str:
    return " > ".join(_places(task.get_coro())[-SHOWN:])


def _places(awaited: Any) -> list[str]:
    places: list[str] = []
    while awaited is not None and len(places) < DEEPEST:
        frame = (
            getattr(awaited, "cr_frame", None)
            or getattr(awaited, "gi_frame", None)
            or getattr(awaited, "ag_frame", None)
        )
        if frame is None:
            return [*places, type(awaited).__name__]
        places.append(f"{frame.f_code.co_name} {Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        awaited = next(
            (
                found
                for name in ("cr_await", "gi_yieldfrom", "ag_await")
                if (found := getattr(awaited, name, None))
            ),
            None,
        )
    return places
