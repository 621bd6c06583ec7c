"""An agent that reads what the ledger reads and does nothing with it: what reading and committing cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

from agents.ledger_role import SOURCES
from streams.log import setup
from streams.runs import Run, RunApp
from streams.settings import load_settings

settings = load_settings()
setup(settings, "nothing")
app = RunApp(settings, "nothing", SOURCES)


@app.run_agent
async def nothing(runs: AsyncIterator[Run]) -> None:
    async for run in runs:
        await run.commit()
