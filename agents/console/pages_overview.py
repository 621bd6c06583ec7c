"""/: how it goes, in one look. Each figure leads to its page."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.destinations import look, rows_of
from agents.console.overview import MINUTE_MS, by_minute, deliveries, flushes, in_all, minutes
from agents.console.pages import page, render
from agents.console.standing import standing
from agents.console.waiting import Whole, behind
from agents.session_workers import SessionsError
from streams.ledger.queries import CountsOf
from streams.session_view import SessionCluster

HOUR_MS = 60 * MINUTE_MS


@page("/", role="viewer", nav="Overview")
async def overview(desk: Desk, request: web.Request, user: User) -> web.Response:
    now_ms = time.time_ns() // 1_000_000
    at_ms = minutes(now_ms, HOUR_MS)
    counts, seen, whole = await asyncio.gather(
        desk.ask(CountsOf(since_ms=at_ms[0], tenants=user.scope())),
        look(desk, user, now_ms),
        _whole(desk, user),
    )
    points = counts.points
    rows = rows_of(desk.settings, user, seen)
    found = deliveries(points)
    x = [minute // 1000 for minute in at_ms]
    events = by_minute(points, "events", at_ms)
    delivered = [
        {"label": one.platform, "values": by_minute(points, "delivered", at_ms, one.platform)} for one in found
    ]
    return render(
        request,
        "overview.html",
        events_a_minute=sum(events[-5:]) / 5,
        events=in_all(points, "events"),
        rejected=in_all(points, "rejected"),
        whole=whole,
        flushes=flushes(points),
        deliveries=found,
        troubled=[row for row in rows if row.state not in ("open", "quiet")],
        lanes=len(rows),
        problems=seen.problems,
        events_chart={"x": x, "series": [{"label": "events a minute", "values": events}]},
        delivered_chart={"x": x, "series": delivered},
    )


async def _whole(desk: Desk, user: User) -> Whole | None:
    """None for who does not see all tenants: what is counted for all of them tells of others."""
    if user.scope() is not None:
        return None
    site = standing(desk.settings)
    sessions, lag, queues = await asyncio.gather(_open_sessions(desk, user), site.lag.get(), site.queues.get())
    return Whole(sessions, None if lag is None else behind(lag, desk.settings.namespace), queues)


async def _open_sessions(desk: Desk, user: User) -> int | None:
    """None while nobody knows. Of all tenants: the workers count by partition."""
    try:
        cluster: SessionCluster = await desk.sessions.cluster(user)
    except SessionsError:
        return None
    return sum(part.sessions for worker in cluster.workers for part in worker.partitions)
