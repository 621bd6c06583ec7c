"""Whether the gateway's RabbitMQ is there, also while no batch comes: /readyz and the greeting tell it."""

from __future__ import annotations

import asyncio

from sinks.rabbit import Publisher, PublishError

LOOK_S = 2.0


class RabbitWatch:
    """`watch` in a task beside the server."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher, self._why = publisher, ""

    def why_not(self) -> str:
        """Why no batch would be taken now, "" when it would."""
        return "RabbitMQ takes nothing at present" if self._publisher.blocked else self._why

    async def watch(self) -> None:
        """Keeps the connection open: the first batch after an outage need not wait for it either."""
        while True:
            try:
                await self._publisher.start()
            except PublishError as error:
                self._why = str(error)
            else:
                self._why = ""
            await asyncio.sleep(LOOK_S)
