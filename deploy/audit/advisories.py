"""Known vulnerabilities of what requirements.lock installs, by pip-audit and PyPI's advisories.

The advisories are somewhere on the Internet; a machine without it, or behind an index that has none, cannot ask.
Then nothing was checked, which is said and is no failure, unless AUDIT=required: set it where releases are made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

REQUIRED = "AUDIT"
ANSWER_S, WHOLE_S = 5, 30
AUDIT = ("-r", "requirements.lock", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json")


class Verdict(NamedTuple):
    """`reached`: somebody knew at least one of the packages."""

    well: bool
    reached: bool
    said: str


def vulnerabilities() -> bool:
    found = verdict(_asked())
    print(f"vulnerabilities: {found.said}")
    return found.well and (found.reached or os.environ.get(REQUIRED) != "required")


def _asked() -> list[dict[str, Any]]:
    """pip-audit's word on each package; nothing when it could not ask."""
    command = [sys.executable, "-m", "pip_audit", *AUDIT, "--timeout", str(ANSWER_S)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=WHOLE_S, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return []
    return found


def verdict(packages: Sequence[Mapping[str, Any]]) -> Verdict:
    """`packages` have `name`, and `vulns` or the reason why they were skipped."""
    answered = [package for package in packages if "skip_reason" not in package]
    if not answered:
        return Verdict(
            True, False, "NOT CHECKED, the advisories cannot be reached from here (AUDIT=required fails)"
        )
    bad = [_line(package, one) for package in answered for one in package["vulns"]]
    bad += [package["skip_reason"] for package in packages if "skip_reason" in package]
    return Verdict(not bad, True, "\n  ".join([f"{len(bad)} of {len(packages)} packages", *bad]))


def _line(package: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    mended = ", ".join(found.get("fix_versions", ())) or "no version"
    return f"{package['name']} {package.get('version', '')}: {found['id']}, mended in {mended}"
