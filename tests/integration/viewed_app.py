"""The session workers with one web view of their table, as a console would add it."""

from __future__ import annotations

from typing import Any, cast

from agents.sessions import app
from streams.runs import RunTable

table = cast(RunTable, app.tables["sessions"])


@app.page("/sessions/{key}/")
@app.table_route(table=table, match_info="key")
async def session(web: Any, request: Any, key: str) -> Any:
    found = table.get(key.encode())
    return web.json({"held": len(found.held) if found else 0, "known": sorted(found.identity) if found else []})
