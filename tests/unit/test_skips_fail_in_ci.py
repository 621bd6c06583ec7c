"""The hook in tests/conftest.py, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"


def _exit_status(folder: Path, body: str, ci: str) -> int:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text(f"import pytest\n\n{body}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder)]
    env = os.environ | {"CI": ci}
    return subprocess.run(
        [*command, str(folder)], env=env, cwd=folder, capture_output=True, check=False, timeout=60
    ).returncode


SKIP = "@pytest.mark.skip\ndef test_a(): pass"
XFAIL = "@pytest.mark.xfail\ndef test_a(): assert False"
PASS = "def test_a(): pass"


@pytest.mark.parametrize(
    ("body", "ci", "expected"),
    [(SKIP, "true", 1), (XFAIL, "true", 1), (PASS, "true", 0), (SKIP, "", 0)],
)
def test_only_a_run_without_skips_passes_in_ci(tmp_path: Path, body: str, ci: str, expected: int) -> None:
    assert _exit_status(tmp_path, body, ci) == expected
