"""What a process has now, from /proc, and how many keys its table has, from its /metrics."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.faults.matrix.arena import Arena
from tests.faults.soak.growth import Sample

KEYS = re.compile(r'^capi_table_keys\{table="[a-z]+"\} ([0-9.e+]+)$', re.MULTILINE)
ANSWER_S = 4.0


async def samples(arena: Arena, at_s: float) -> dict[str, Sample]:
    """Of each role that runs."""
    found: dict[str, Sample] = {}
    async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
        for name, role in arena.wanted.items():
            if role.pid:
                port = arena.own(name).get("CAPI_METRICS_PORT", "")
                found[name] = sample(role.pid, at_s, await _keys(client, port) if port else 0.0)
    return found


def sample(pid: int, at_s: float, keys: float) -> Sample:
    """Raises OSError when the process is gone."""
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    open_now = [_target(entry) for entry in (folder / "fd").iterdir()]
    return Sample(
        pid=pid,
        at_s=at_s,
        rss_bytes=int(status["VmRSS"].split()[0]) * 1024,
        files=len(open_now),
        threads=int(status["Threads"]),
        sockets=sum(target.startswith("socket:") for target in open_now),
        keys=keys,
    )


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:
        return ""  # closed meanwhile


async def _keys(client: httpx.AsyncClient, port: str) -> float:
    try:
        page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    except httpx.HTTPError:
        return 0.0
    return sum(float(number) for number in KEYS.findall(page))
