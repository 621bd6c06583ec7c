"""/trace: where is this event? Its way step by step, with one sentence on top."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.pages import page, render
from agents.session_workers import SessionsError
from sinks.advice import advice
from streams.ledger.queries import ClusterOf, TraceOf
from streams.ledger.story import Missing, stories, unknown, unsearched
from streams.session_find import Found

MAX_ID = 500  # characters; longer ids are not sent to the ledger


@page("/trace", role="viewer", nav="Trace")
async def trace(desk: Desk, request: web.Request, user: User) -> web.Response:
    event_id = request.query.get("event_id", "").strip()[:MAX_ID]
    if not event_id:
        return render(request, "trace.html", event_id="", stories=(), missing=(), unsearched="", in_session=False)
    found, held = await asyncio.gather(
        desk.ask(TraceOf(event_id=event_id, tenants=user.scope())), find(desk, user, event_id)
    )
    told = stories(found, time.time_ns() // 1_000_000, advice, held.places if held else ())
    unseen = unsearched(held)
    missing = () if told else await _missing(desk, user, unseen)
    return render(
        request,
        "trace.html",
        event_id=event_id,
        stories=told,
        missing=missing,
        unsearched=unseen,
        in_session=any(step.session for story in told for step in story.steps),  # then it looks again by itself
    )


async def find(desk: Desk, user: User, event_id: str) -> Found | None:
    """The sessions that have it. None while no session worker answers: the ledger's answer is told without."""
    try:
        return await desk.sessions.find(user, event_id)
    except SessionsError:
        return None


async def _missing(desk: Desk, user: User, unseen: str) -> tuple[Missing, ...]:
    cluster = await desk.ask(ClusterOf(tenants=user.scope()))
    return unknown(desk.settings.ledger_s, cluster.missing, unseen)
