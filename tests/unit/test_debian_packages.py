"""While packages are installed, Debian must not start its services on our ports; afterwards all is as before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from deploy.stack import debian
from deploy.stack.program import StackError


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(debian, "POLICY", tmp_path / "policy-rc.d")
    return tmp_path / "policy-rc.d"


def test_services_are_forbidden_meanwhile_and_allowed_again(policy: Path) -> None:
    with pytest.raises(StackError), debian._services_stay_off([]):
        # 101 is what invoke-rc.d takes for "this action is forbidden".
        assert subprocess.run([str(policy), "rabbitmq-server", "start"], check=False).returncode == 101
        raise StackError("the installation failed")
    assert not policy.exists()


def test_a_policy_that_the_machine_has_is_left_alone(policy: Path) -> None:
    policy.write_text("#!/bin/sh\nexit 104\n")
    with debian._services_stay_off([]):
        assert "104" in policy.read_text()
    assert "104" in policy.read_text()


@pytest.mark.parametrize(("version", "missing"), [("11.0.2", True), ("17.0.15", False), ("21", False)])
def test_an_old_java_counts_as_missing(
    version: str, missing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert ("default-jre-headless" in debian.missing_packages(["kafka"])) is missing


def test_a_machine_without_apt_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian.missing_packages(["kafka", "redis"]) == ["default-jre-headless", "maven", "redis-server"]
    assert debian.missing_packages(["checkers"]) == ["prometheus", "systemd"]
    with pytest.raises(StackError, match="Install redis-server"):
        debian.install_packages(["redis-server"])


@pytest.mark.parametrize("name", ["chromium", "google-chrome"])
def test_any_chromium_will_do(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert debian.missing_packages(["browser"]) == ["chromium"]
    with pytest.raises(StackError, match="Install chromium"):
        debian.ensure_packages(["browser"], may_install=False)
    (tmp_path / name).touch(mode=0o755)
    debian.ensure_packages(["browser"], may_install=False)
