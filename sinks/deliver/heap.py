"""Python's search for cycles, made cheap for a process that holds thousands of jobs.

A delivery makes hundreds of objects and no cycle: reference counts free them. Yet every 700 of them set the search
off, and its full run looks at all that was ever imported: 70 ms in which no job moves, and a fifth of the CPU.
"""

from __future__ import annotations

import gc

NEW_OBJECTS = 50_000  # before the youngest are searched; a few MB
ROUNDS = 20  # of one generation before the next is searched too


def calm() -> None:
    """Call once, when everything is imported: what is there now is never searched again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, ROUNDS, ROUNDS)
