"""Three RabbitMQ nodes on this machine, one cluster, of the fault tests' own. Nodes come back by themselves."""

from __future__ import annotations

import os
import secrets
import signal
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import httpx

from deploy.stack import supervisor
from deploy.stack.addresses import Addresses, read_addresses
from deploy.stack.program import Program
from deploy.stack.rabbitmq import prepare_rabbitmq
from deploy.stack.settings import StackSettings, load_stack_settings
from streams.settings import load_settings
from tests.faults.private import UP_S, PrivateService, free_ports
from tests.faults.rabbit import DISTRIBUTION, MANAGEMENT, PORT_MAPPER
from tests.faults.roles import RoleError

NODES = 3
MEMORY_MB = 256  # of each
ANSWER_S = 10.0
AMQP, USER = "amqp://guest:guest@127.0.0.1", ("guest", "guest")


class RabbitCluster(PrivateService):
    """`ports` are where AMQP is spoken, one a node. `port`, `url` and `management_url` are the first node's, and
    queues that are made through it are led by it."""

    def __init__(self, folder: Path) -> None:
        beside = [distance + node for distance in (0, DISTRIBUTION, MANAGEMENT) for node in range(NODES)]
        first = free_ports(PORT_MAPPER, *beside)
        self.ports = [first + node for node in range(NODES)]
        self.port = first
        self.url, self.management_url = f"{AMQP}:{first}", self._management(0)
        self._mapper = first + PORT_MAPPER
        super().__init__(folder, "rabbitmq", "beam.smp", {})

    def start(self) -> None:
        """Returns when all nodes are one cluster. Raises StackError and RoleError."""
        self._guard = self._start_guard()
        self.folder.mkdir(parents=True, exist_ok=True)
        cookie = secrets.token_hex(16)
        prepared = [self._prepared(node, cookie) for node in range(NODES)]
        supervisor.start(self.folder, [prepared[0][0], *(node for _, node in prepared)])
        self.up()

    def up(self) -> None:
        """Wait until every node says that all of them run. Raises RoleError."""
        deadline_s = monotonic() + UP_S
        while not all(self._sees_all(node) for node in range(NODES)):
            if monotonic() > deadline_s:
                raise RoleError(f"the RabbitMQ cluster in {self.folder} does not come up")
            sleep(0.3)

    def leader(self, vhost: str, queue: str) -> int:
        """The node, from 0, that leads a quorum queue."""
        path = f"/api/queues/{quote(vhost, safe='')}/{quote(queue, safe='')}"
        answer = httpx.get(self.management_url + path, auth=USER, timeout=ANSWER_S).raise_for_status()
        return [_name(node) for node in range(NODES)].index(answer.json()["leader"])

    def kill_node(self, node: int) -> bool:
        """kill -9 of one; whether there was anything to kill."""
        pid: int = supervisor.process_states(self.folder).get(f"rabbitmq-{node + 1}", {}).get("pid", 0)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return bool(pid)

    def _prepared(self, node: int, cookie: str) -> tuple[Program, Program]:
        """Its port mapper and the node: as the stack starts one alone, with a name of its own and its peers'."""
        folder = self.folder / f"node-{node + 1}"
        settings = load_stack_settings(dir=folder, rabbitmq_memory_mb=MEMORY_MB, **self._ports_of(node))
        mapper, program = prepare_rabbitmq(self._addresses(node, settings), settings)
        peers = [f"cluster_formation.classic_config.nodes.{n + 1} = {_name(n)}" for n in range(NODES)]
        with (folder / "rabbitmq" / "rabbitmq.conf").open("a") as conf:
            conf.write("\n".join(["cluster_formation.peer_discovery_backend = classic_config", *peers, ""]))
        secret = folder / "rabbitmq" / "home" / ".erlang.cookie"
        secret.write_text(cookie)
        secret.chmod(0o400)
        named = {**program.environment, "RABBITMQ_NODENAME": _name(node)}
        return mapper, replace(program, name=f"rabbitmq-{node + 1}", environment=named)

    def _ports_of(self, node: int) -> dict[str, int]:
        distribution = self.ports[node] + DISTRIBUTION
        return {"rabbitmq_dist_port": distribution, "rabbitmq_epmd_port": self._mapper}

    def _addresses(self, node: int, settings: StackSettings) -> Addresses:
        port = self.ports[node]
        app = load_settings(rabbitmq_url=f"{AMQP}:{port}/", rabbitmq_management_url=self._management(node))
        return read_addresses(app, settings)

    def _sees_all(self, node: int) -> bool:
        try:
            answer = httpx.get(f"{self._management(node)}/api/nodes", auth=USER, timeout=ANSWER_S)
        except httpx.TransportError:
            return False
        return answer.is_success and sum(found["running"] for found in answer.json()) == NODES

    def _management(self, node: int) -> str:
        return f"http://127.0.0.1:{self.ports[node] + MANAGEMENT}"


def _name(node: int) -> str:
    return f"capi{node + 1}@localhost"
