"""The image: hadolint has nothing to say, and the Dockerfile agrees with the rest of the repository."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

from streams.settings import Settings, load_settings

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy/Dockerfile"
TEXT = DOCKERFILE.read_text()


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_builds_with_the_uv_that_installs_here() -> None:
    installed = re.search(r"^UV_VERSION=(\S+)$", (ROOT / "deploy/install.sh").read_text(), re.M)
    assert installed
    assert f"ARG UV_VERSION={installed[1]}\n" in TEXT


def test_what_is_copied_is_there_and_gets_into_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {source for line in re.findall(r"^COPY (?!--from)(.+)$", TEXT, re.M) for source in line.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_all_packages_are_in_it() -> None:
    found = re.search(r"^include = \[(.+)\]$", (ROOT / "pyproject.toml").read_text(), re.M)
    assert found
    patterns = re.findall(r'"([^"]+)"', found[1])
    assert all(any(fnmatch(name, pattern) for name in ("agents", "sinks", "streams")) for pattern in patterns)
    assert len(patterns) == 3


def test_it_sets_settings_that_exist_and_exposes_the_ports_that_they_have() -> None:
    named = re.findall(r"\bCAPI_([A-Z_]+)=", TEXT)
    assert len(named) > 8
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    exposed = re.search(r"^EXPOSE (.+)$", TEXT, re.M)
    settings = load_settings()
    ports = {
        settings.web_port,
        settings.console_port,
        settings.collect_port,
        settings.deliver_port,
        settings.collect_health_port,
        settings.intake_port,
        settings.metrics_port,
    }
    assert exposed
    assert {int(port) for port in exposed[1].split()} == ports


def test_it_does_not_run_as_root_and_asks_the_doctor_how_it_is() -> None:
    last = TEXT.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):\1$", last, re.M)
    assert 'CMD ["capi", "doctor", "--quick"]' in last
