"""The platforms' stand-in as a process of the arena, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.faults.roles import Role, capi
from tests.faults.verdict import Landed

ANSWER_S = 20.0


class StandIn:
    """`url` leads to it past the wire. Its ledger is a file: to kill it is a fault like another."""

    def __init__(self, folder: Path, env: Mapping[str, str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        command = capi("platforms", "--port", str(port), "--state", str(folder / "ledger.jsonl"))
        self.role = Role("platforms", command, env, folder)

    async def behave(self, **order: Any) -> None:
        """Give an order (agents/platforms/behaviour.py); `mode="ok"` ends those for the platform and pixel."""
        await self._ask("POST", "/behave", order)

    async def forget(self) -> None:
        """Everything taken, and every order."""
        await self._ask("POST", "/reset", {})

    async def ledger(self) -> tuple[list[Landed], int]:
        """What it took since `forget`, and how often it saw personal data in clear."""
        found = await self._ask("GET", "/ledger")
        landed = [
            Landed(line["platform"], line["pixel"], line["event_id"], line["count"], line["first_ms"])
            for line in found["events"]
        ]
        return landed, found["totals"]["privacy_violations"]

    async def answers(self) -> bool:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            try:
                return (await client.get(f"{self.url}/healthz")).is_success
            except httpx.HTTPError:
                return False

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        async with httpx.AsyncClient(timeout=ANSWER_S, trust_env=False) as client:
            answer = await client.request(method, self.url + path, json=body)
        return answer.raise_for_status().json()
