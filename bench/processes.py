"""What processes use, by /proc: CPU seconds of all their threads, and memory. None of it needs their help."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.stack.settings import load_stack_settings
from deploy.stack.supervisor import process_states

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time since its start; steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid: int) -> float:
    return _status_mb(pid, "VmRSS")


def peak_mb(pid: int) -> float:
    return _status_mb(pid, "VmHWM")


def _status_mb(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def broker_pid() -> int | None:
    """Of the Kafka that `make up` runs natively; None when it runs elsewhere, and then its CPU is not known."""
    pid = process_states(load_stack_settings().dir).get("kafka", {}).get("pid")
    return int(pid) if pid else None
