"""Runs all three, says what each found, and ends with 1 when one found something."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from deploy.audit.advisories import vulnerabilities
from deploy.audit.secrets import secrets

CODE = ("streams", "sinks", "agents", "deploy", "docs")


def constructs() -> bool:
    """Bandit's findings; what is meant so says why in its line."""
    command = [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-f", "txt", "-r", *CODE]
    done = subprocess.run(command, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    print(f"constructs: {done.stdout.strip() or 'nothing insecure'}")
    return done.returncode == 0


def main() -> int:
    checks: tuple[Callable[[], bool], ...] = (constructs, secrets, vulnerabilities)
    return 1 if [check for check in checks if not check()] else 0


if __name__ == "__main__":
    sys.exit(main())
