"""/cluster: which worker owns which partitions, how far it is, and whether it is taking over."""

from __future__ import annotations

import asyncio

from aiohttp import web

from agents.access.users import User
from agents.console.desk import AwayError, Desk
from agents.console.pages import page, render
from agents.console.pages_sessions import answered
from streams.ledger.answers import Cluster
from streams.ledger.queries import ClusterOf
from streams.session_view import SessionCluster


@page("/cluster", role="viewer", nav="Cluster")
async def cluster(desk: Desk, request: web.Request, user: User) -> web.Response:
    sessions, ledger = await asyncio.gather(_sessions(desk, user), _ledger(desk, user))
    return render(request, "cluster.html", sessions=sessions, ledger=ledger, partitions=desk.settings.partitions)


async def _sessions(desk: Desk, user: User) -> SessionCluster | str:
    """The reason, in words, when nobody answers: the other half of the page is worth showing."""
    try:
        found: SessionCluster = await answered(desk.sessions.cluster(user))
    except AwayError as error:
        return str(error)
    return found


async def _ledger(desk: Desk, user: User) -> Cluster | str:
    try:
        found: Cluster = await desk.ask(ClusterOf(tenants=user.scope()))
    except AwayError as error:
        return str(error)
    return found
