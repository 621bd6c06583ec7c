"""All cases: importing this module reads every cases_*.py beside it."""

from __future__ import annotations

import importlib
import pkgutil
from fnmatch import fnmatch
from pathlib import Path

from tests.faults.matrix.case import CASES, Case

HERE = Path(__file__).parent
for _module in pkgutil.iter_modules([str(HERE)]):
    if _module.name.startswith("cases_"):
        importlib.import_module(f"tests.faults.matrix.{_module.name}")


def chosen(name: str = "*", group: str = "", ci: bool = False) -> list[Case]:
    """Those whose name matches the glob, by group (in the order of files) and in the order of their files."""
    cases = [one for one in CASES.values() if fnmatch(one.name, name) and group in ("", one.group)]
    return [one for one in cases if one.ci or not ci]
