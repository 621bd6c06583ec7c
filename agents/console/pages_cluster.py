"""/cluster: which worker owns which partitions, how far each role is, and what waits in RabbitMQ."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from agents.access.users import User
from agents.console.desk import AwayError, Desk
from agents.console.pages import page, render
from agents.console.pages_sessions import answered
from agents.console.standing import standing
from agents.console.waiting import TopicBehind, behind_by_topic, what_waits
from agents.lag import Depth
from streams.ledger.answers import Cluster
from streams.ledger.queries import ClusterOf
from streams.session_view import SessionCluster
from streams.settings import Settings


@page("/cluster", role="viewer", nav="Cluster")
async def cluster(desk: Desk, request: web.Request, user: User) -> web.Response:
    sessions, ledger, waiting = await asyncio.gather(
        _sessions(desk, user), _ledger(desk, user), _waiting(desk.settings, user)
    )
    return render(
        request,
        "cluster.html",
        sessions=sessions,
        ledger=ledger,
        partitions=desk.settings.partitions,
        waiting=waiting,
        has_queues=not desk.settings.gateway_url,
    )


class Waiting(msgspec.Struct, frozen=True):
    """What is not read yet, and queues with what is in them; None while Kafka or RabbitMQ does not say."""

    lag: list[TopicBehind] | None
    queues: list[tuple[Depth, str]] | None


async def _waiting(settings: Settings, user: User) -> Waiting | None:
    """None for who does not see all tenants: what is counted for all of them tells of others."""
    if user.scope() is not None:
        return None
    site = standing(settings)
    lag, queues = await asyncio.gather(site.lag.get(), site.queues.get())
    return Waiting(
        None if lag is None else behind_by_topic(lag, settings.namespace),
        None if queues is None else [(one, what_waits(one.queue, settings)) for one in queues],
    )


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
