"""Debian packages that are missing on this machine, installed without starting Debian's own services."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.stack.chromium import find_chromium
from deploy.stack.program import StackError
from deploy.stack.rabbitmq import SCRIPT

JAVA_AT_LEAST = 17
POLICY = Path("/usr/sbin/policy-rc.d")
SERVICES = ("rabbitmq-server", "redis-server", "prometheus")


def _java_version() -> int:
    if not shutil.which("java"):
        return 0
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return int(found[1]) if found else 0


_PRESENT: dict[str, Callable[[], bool]] = {
    "rabbitmq-server": SCRIPT.exists,
    "redis-server": lambda: shutil.which("redis-server") is not None,
    # Java 17 on Debian 12, 21 on Debian 13.
    "default-jre-headless": lambda: _java_version() >= JAVA_AT_LEAST,
    "default-jdk-headless": lambda: shutil.which("javac") is not None and _java_version() >= JAVA_AT_LEAST,
    "maven": lambda: shutil.which("mvn") is not None,
    "chromium": lambda: find_chromium() is not None,
    "prometheus": lambda: shutil.which("promtool") is not None,
    "systemd": lambda: shutil.which("systemd-analyze") is not None,
}
_NEEDED = {
    "kafka": ("default-jre-headless", "maven"),
    "rabbitmq": ("rabbitmq-server",),
    "redis": ("redis-server",),
    "browser": ("chromium",),
    "checkers": ("prometheus", "systemd"),
    "bench": ("default-jdk-headless", "maven"),
}


def missing_packages(services: Iterable[str]) -> list[str]:
    """Debian packages that the named services need and this machine lacks."""
    return [package for name in services for package in _NEEDED[name] if not _PRESENT[package]()]


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise StackError("Packages must be installed, and you are neither root nor have sudo.")


@contextmanager
def _services_stay_off(root: list[str]) -> Iterator[None]:
    """While packages are set up, the machine's policy says that no service may be started."""
    if POLICY.exists():
        yield
        return
    subprocess.run(
        [*root, "tee", str(POLICY)], input=b"#!/bin/sh\nexit 101\n", stdout=subprocess.DEVNULL, check=True
    )
    subprocess.run([*root, "chmod", "755", str(POLICY)], check=True)
    try:
        yield
    finally:
        subprocess.run([*root, "rm", "-f", str(POLICY)], check=True)


def _apt(root: list[str], *words: str) -> None:
    command = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
    done = subprocess.run(
        [*command, "-o", "DPkg::Lock::Timeout=300", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StackError(f"apt-get {' '.join(words)} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")


def ensure_packages(names: Iterable[str], may_install: bool) -> None:
    """Install what the named services, `browser`, `checkers` or `bench` need and is missing. Raises StackError."""
    missing = missing_packages(names)
    if missing and not may_install:
        raise StackError(f"Install {', '.join(missing)}, or let us do it (CAPI_STACK_INSTALL=true).")
    if missing:
        install_packages(missing)


def install_packages(packages: list[str]) -> None:
    """Install with apt-get; raises StackError, which names what to install by hand."""
    if not shutil.which("apt-get"):
        raise StackError(f"Install {', '.join(packages)} (or start a Docker engine), then try again.")
    print(f"debian    installing {', '.join(packages)}", flush=True)
    root = _as_root()
    with _services_stay_off(root):
        _apt(root, "update")
        _apt(root, "install", "--no-install-recommends", *packages)
    if Path("/run/systemd/system").exists():
        # Otherwise Debian would start them at the next boot, on the ports that we use.
        ours = [name for name in SERVICES if name in packages]
        subprocess.run([*root, "systemctl", "--quiet", "disable", *ours], check=False)
