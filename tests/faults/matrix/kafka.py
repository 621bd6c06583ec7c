"""One Kafka node or three, each broker and controller, of the fault tests' own. Nodes come back by themselves.

Each has two listeners. At `url` the test itself speaks to it; the roles use the other one, whose advertised
address is a relay of the arena's: a client must find the way back to the wire after every reconnect.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from string import Template
from time import monotonic, sleep
from typing import Literal, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.stack import supervisor
from deploy.stack.kafka import SOURCE, fetch_jars, format_storage, java, new_cluster_id
from deploy.stack.program import Program
from deploy.stack.settings import load_stack_settings
from tests.faults.private import UP_S, PrivateService, free_ports
from tests.faults.roles import RoleError
from tests.kafka import eventually

HEAP_MB = {1: 512, 3: 320}
WIRED, CONTROLLER, NEXT = 1, 2, 3  # distance of the ports of one node, and of the next node's
ASK_MS = 3_000
# What a cluster adds to the development node of deploy/kafka: copies of everything, one may be away.
COPIES = """
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
default.replication.factor=3
min.insync.replicas=2
replica.lag.time.max.ms=5000
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
"""


class Copies(NamedTuple):
    """Of one partition: ids of nodes, from 1."""

    leader: int
    copies: list[int]
    in_sync: list[int]


class KafkaNodes(PrivateService):
    """`url` is the CAPI_KAFKA_URL of the test. `wire_to(ports)` before `start`: where the roles' relays listen."""

    def __init__(self, folder: Path, nodes: int) -> None:
        first = free_ports(*range(1, NEXT * nodes))
        self._first, self.nodes = first, nodes
        self.ports = [first + NEXT * node for node in range(nodes)]
        self.url = ",".join(f"kafka://127.0.0.1:{port}" for port in self.ports)
        self._advertised = self.wired_ports
        self._libs = load_stack_settings().kafka_libs
        super().__init__(folder, "kafka", "kafka.Kafka", {"CAPI_KAFKA_URL": f"kafka://127.0.0.1:{first}"})

    @property
    def wired_ports(self) -> list[int]:
        """Where the nodes listen for what comes through relays."""
        return [port + WIRED for port in self.ports]

    def wire_to(self, relays: Sequence[int]) -> None:
        self._advertised = [*relays]

    def start(self) -> None:
        """Returns when every node answers. Raises RoleError."""
        self._guard = self._start_guard()
        self.folder.mkdir(parents=True, exist_ok=True)
        fetch_jars(self._libs)
        cluster_id = new_cluster_id()
        supervisor.start(self.folder, [self._prepared(node, cluster_id) for node in range(self.nodes)])
        self.up()

    def up(self) -> None:
        """Wait until every node is in the cluster and answers. Raises RoleError."""
        deadline_s = monotonic() + UP_S
        while not asyncio.run(self._answer()):
            if monotonic() > deadline_s:
                raise RoleError(f"Kafka in {self.folder} does not answer")
            sleep(0.3)

    def data_of(self, node: int) -> Path:
        """Where the node's log is."""
        return self.folder / _name(node) / "data"

    def pid(self, node: int) -> int:
        """Of one node, from 0; 0 while it does not run."""
        found: int = supervisor.process_states(self.folder).get(_name(node), {}).get("pid", 0)
        return found

    def kill_node(self, node: int) -> bool:
        """kill -9 of one; whether there was anything to kill."""
        pid = self.pid(node)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return bool(pid)

    async def node_that_is(self, role: Literal["leader", "follower"], topic: str, partition: int) -> int:
        """A node, from 0, that has a copy of the partition."""
        found = (await self._partitions(topic))[partition]
        return (found.leader if role == "leader" else next(n for n in found.copies if n != found.leader)) - 1

    async def all_in_sync(self, topic: str) -> None:
        """Wait until every copy of the topic is complete again. Raises AssertionError."""

        async def complete() -> bool:
            return all(len(found.in_sync) == self.nodes for found in (await self._partitions(topic)).values())

        await eventually(complete, UP_S, every_s=0.5)

    async def _partitions(self, topic: str) -> dict[int, Copies]:
        admin = AIOKafkaAdminClient(bootstrap_servers=[f"127.0.0.1:{port}" for port in self.ports])
        await admin.start()
        try:
            (described,) = await admin.describe_topics([topic])
        finally:
            await admin.close()
        return {
            found["partition"]: Copies(found["leader"], found["replicas"], found["isr"])
            for found in described["partitions"]
        }

    async def _answer(self) -> bool:
        for port in self.ports:
            admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=ASK_MS)
            try:
                await admin.start()
                seen = (await admin.describe_cluster())["brokers"]
            except (KafkaError, OSError, TimeoutError):
                return False
            finally:
                await admin.close()
            if len(seen) < self.nodes:
                return False
        return True

    def _prepared(self, node: int, cluster_id: str) -> Program:
        data = self.data_of(node)
        folder = data.parent
        folder.mkdir(parents=True, exist_ok=True)
        properties = folder / "server.properties"
        properties.write_text(self._properties(node, data))
        format_storage(self._libs, properties, data, cluster_id)
        heap = [f"-Xmx{HEAP_MB[self.nodes]}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]
        return Program(_name(node), [*java(self._libs, *heap), "kafka.Kafka", str(properties)], stop_s=5)

    def _properties(self, node: int, data: Path) -> str:
        """The development node's, then our own: of a name that comes twice the last counts."""
        port = self.ports[node]
        base = Template((SOURCE / "server.properties").read_text()).substitute(
            host="127.0.0.1", port=port, controller_port=port + CONTROLLER, data_dir=data
        )
        listeners = f"PLAINTEXT://127.0.0.1:{port},WIRED://127.0.0.1:{port + WIRED}"
        voters = ",".join(f"{n + 1}@127.0.0.1:{other + CONTROLLER}" for n, other in enumerate(self.ports))
        own = [
            f"node.id={node + 1}",
            f"controller.quorum.voters={voters}",
            f"listeners={listeners},CONTROLLER://127.0.0.1:{port + CONTROLLER}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{port},WIRED://127.0.0.1:{self._advertised[node]}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,WIRED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ]
        return "\n".join([base, *own, COPIES if self.nodes > 1 else ""])


def _name(node: int) -> str:
    return f"kafka-{node + 1}"
