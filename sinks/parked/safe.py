"""Whether the parked jobs may be looked at: a look takes them and puts them back, which RabbitMQ counts."""

from __future__ import annotations

from sinks.rabbit.returns import keeps_returned
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError
from sinks.topology import QUEUE_PARKED
from streams.settings import Settings


def why_not_look(settings: Settings) -> str:
    """Why looking could cost jobs, or why nobody can say; "" when all is well. Blocks for a request or two."""
    try:
        with RabbitAdmin(settings) as admin:
            found = admin.definitions() or {}
    except RabbitAdminError as error:
        return str(error)
    if keeps_returned(found, QUEUE_PARKED):
        return ""
    return f"{QUEUE_PARKED} would lose jobs by being looked at, for want of its policy: run `capi queues apply`"
