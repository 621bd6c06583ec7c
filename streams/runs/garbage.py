"""How often Python looks for reference cycles in a worker.

State is millions of containers that no cycle goes through (values of streams.events are not even tracked:
`gc=False`), and a look at every 700th allocation, the default, costs a quarter of the session worker's CPU
(bench.sessions). Cycles come from tasks and exceptions only, and a few ten thousand objects of them may wait.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 20, 50


def look_seldom() -> None:
    """For the whole process."""
    gc.set_threshold(YOUNG, MIDDLE, OLD)
