"""A whole site that serves many runs: its own Kafka, RabbitMQ, Redis, the platforms' stand-in, and every role as a
process that is kept up. The roles reach all of those through relays, `wires`, which a case may shut or cut."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

from agents.provision import apply_queues, apply_topics
from tests.faults.matrix.place import Place, command_of, make_place, some_ports
from tests.faults.matrix.services import Services
from tests.faults.matrix.stand_in import StandIn
from tests.faults.roles import Role, RoleError, stop_all
from tests.faults.site import KEEP_UP_S, settings_of
from tests.valve import Valve, valve


class Arena:
    """`settings` are the test's own, past the wires; `env` is that of the roles. Blocking calls of the services
    (`up`, `start`) go into a thread, or nothing moves on the wires meanwhile."""

    def __init__(self, folder: Path, services: Services, wires: Mapping[str, Valve], place: Place) -> None:
        self.folder, self.services, self.wires, self._place = folder, services, dict(wires), place
        self.kafka, self.rabbit, self.redis = services
        self.env, self.settings = dict(place.env), settings_of(place.direct)
        self.roles = {name: self._role(name, command) for name, command in place.commands.items()}
        self.platforms = StandIn(folder, place.direct, place.platforms_port)
        self._down: set[str] = set()
        self._started_s = monotonic()
        self.failed: Exception | None = None  # a role that does not stay up

    def say(self, text: str) -> None:
        print(f"{monotonic() - self._started_s:7.1f} s  {text}", file=sys.stderr, flush=True)

    async def start_role(
        self, name: str, command: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> Role:
        """Start `name` (`sessions-3` is one more of sessions). A `command`, with `env` added, replaces the usual
        one for one life: the role is ended first, and when that life is over the usual one comes back."""
        role = self.roles.get(name) or self._role(name, command_of(name))
        self.roles[name] = role
        if command:
            self._down.add(name)
            await asyncio.to_thread(role.stop)
            role.next_life(command, env or {})
        self._down.discard(name)
        role.keep_up()
        return role

    async def stop_role(self, name: str) -> None:
        """SIGTERM; it stays away until `start_role`, or for good if it was one more."""
        self._down.add(name)
        await asyncio.to_thread(self.roles[name].stop)
        if name not in self._place.commands:
            del self.roles[name]
            self._down.discard(name)

    def own(self, name: str) -> Mapping[str, str]:
        """What a role's environment has for itself: its ports."""
        return self._place.own.get(name, {})

    @property
    def wanted(self) -> dict[str, Role]:
        """The roles that should be running now."""
        return {name: role for name, role in self.roles.items() if name not in self._down}

    async def keep_up(self) -> None:
        """Start again whatever dies, until cancelled, or until one does nothing but die."""
        while self.failed is None:
            for role in (*self.wanted.values(), self.platforms.role):
                self._keep_up(role)
            await asyncio.sleep(KEEP_UP_S)

    def _keep_up(self, role: Role) -> None:
        try:
            role.keep_up()
        except RoleError as error:
            self.failed = error
            self.say(str(error))

    def _role(self, name: str, command: Sequence[str]) -> Role:
        return Role(name, command, self.env | dict(self.own(name)), self.folder)

    async def close(self) -> None:
        await asyncio.to_thread(stop_all, [*self.roles.values(), self.platforms.role])


@asynccontextmanager
async def open_arena(
    folder: Path, services: Services, instead: Mapping[str, Sequence[str]] | None = None
) -> AsyncIterator[Arena]:
    """Services run, topics and queues exist, the roles are on their way up. `instead`: other commands, by role."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, services.stop)
        ports = some_ports()
        wires = await _wires(stack, services, ports[0])
        services.kafka.wire_to([wire.port for name, wire in wires.items() if name.startswith("kafka")])
        await asyncio.to_thread(services.start)
        arena = Arena(folder, services, wires, make_place(folder, services, wires, ports, instead or {}))
        await apply_topics(arena.settings)
        await asyncio.to_thread(apply_queues, arena.settings)
        stack.push_async_callback(arena.close)
        keeper = asyncio.create_task(arena.keep_up())
        stack.callback(keeper.cancel)
        yield arena


async def _wires(stack: AsyncExitStack, services: Services, platforms_port: int) -> dict[str, Valve]:
    """By service; of a Kafka cluster `kafka`, `kafka-2`, `kafka-3`. RabbitMQ's nodes are behind one."""
    behind = {"rabbitmq": services.rabbit.ports, "redis": [services.redis.port], "platforms": [platforms_port]}
    for number, port in enumerate(services.kafka.wired_ports, 1):
        behind["kafka" if number == 1 else f"kafka-{number}"] = [port]
    return {name: await stack.enter_async_context(valve(*ports)) for name, ports in behind.items()}
