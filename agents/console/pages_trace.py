"""/trace: where is this event? Its way step by step, with one sentence on top."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from agents.access.users import User
from agents.console.desk import AwayError, Desk
from agents.console.pages import page, render
from agents.ledger_client import LedgerIncompleteError
from agents.session_workers import SessionsError
from sinks.advice import advice
from streams.ledger.answers import Traces
from streams.ledger.queries import ClusterOf, TraceOf
from streams.ledger.story import Missing, Story, stories, unknown, unsearched
from streams.session_find import Found

MAX_ID = 500  # characters; longer ids are not sent to the ledger


@page("/trace", role="viewer", nav="Trace")
async def trace(desk: Desk, request: web.Request, user: User) -> web.Response:
    event_id = request.query.get("event_id", "").strip()[:MAX_ID]
    if not event_id:
        return _shown(request)
    (found, away), held = await asyncio.gather(_known(desk, user, event_id), find(desk, user, event_id))
    told = stories(found, time.time_ns() // 1_000_000, advice, held.places if held else (), whole=not away)
    unseen = unsearched(held)
    missing = () if told or away else await _missing(desk, user, unseen)
    return _shown(request, 503 if away and not told else 200, event_id, told, missing, unseen, away)


def _shown(
    request: web.Request,
    status: int = 200,
    event_id: str = "",
    told: tuple[Story, ...] = (),
    missing: tuple[Missing, ...] = (),
    unseen: str = "",
    away: str = "",
) -> web.Response:
    return render(
        request,
        "trace.html",
        status=status,
        event_id=event_id,
        stories=told,
        missing=missing,
        unsearched=unseen,
        away=away,
        in_session=any(step.session for story in told for step in story.steps),  # then it looks again by itself
    )


async def _known(desk: Desk, user: User, event_id: str) -> tuple[Traces, str]:
    """What the ledger knows, and why that is not all of it, "" when it is."""
    try:
        found: Traces = await desk.ask(TraceOf(event_id=event_id, tenants=user.scope()))
    except LedgerIncompleteError as error:
        return error.answer if isinstance(error.answer, Traces) else Traces(), str(error)
    except AwayError as error:
        return Traces(), str(error)
    return found, ""


async def find(desk: Desk, user: User, event_id: str) -> Found | None:
    """The sessions that have it. None while no session worker answers: the ledger's answer is told without."""
    try:
        return await desk.sessions.find(user, event_id)
    except SessionsError:
        return None


async def _missing(desk: Desk, user: User, unseen: str) -> tuple[Missing, ...]:
    cluster = await desk.ask(ClusterOf(tenants=user.scope()))
    return unknown(desk.settings.ledger_s, cluster.missing, unseen)
