"""Puts the death in place, then is the role."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from tests.faults.matrix.dying import in_delivery, in_doors, in_runs
from tests.faults.matrix.dying.death import POINTS, Death

__all__ = ["in_delivery", "in_doors", "in_runs"]  # imported for the points that they register


def main() -> None:
    _, point, calls, mark, module, *rest = sys.argv
    POINTS[point](Death(point, int(calls), Path(mark)))
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
