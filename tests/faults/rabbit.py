"""A RabbitMQ node of the fault tests' own; Kafka and Redis are the running stack's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.faults.private import PrivateService, free_ports

TOOL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
NODE = "capi@localhost"  # its port mapper is its own too, so the name is nobody else's
DISTRIBUTION, PORT_MAPPER, MANAGEMENT = 3_000, 6_000, 9_000  # above RabbitMQ's own port
TOOL_S = 60.0
MEMORY = "512MiB"


class PrivateRabbit(PrivateService):
    """On free ports. `url` lacks the virtual host; `port` is where AMQP is spoken, the only one of `ports`."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports(DISTRIBUTION, PORT_MAPPER, MANAGEMENT)
        self.ports = [self.port]
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}"
        self.management_url = f"http://127.0.0.1:{self.port + MANAGEMENT}"
        self._mapper = str(self.port + PORT_MAPPER)
        addresses = {
            "CAPI_RABBITMQ_URL": f"{self.url}/",
            "CAPI_RABBITMQ_MANAGEMENT_URL": self.management_url,
            "CAPI_STACK_RABBITMQ_DIST_PORT": str(self.port + DISTRIBUTION),
            "CAPI_STACK_RABBITMQ_EPMD_PORT": self._mapper,
        }
        super().__init__(folder, "rabbitmq", "beam.smp", addresses)

    def set_memory_alarm(self, on: bool) -> None:
        self._tell("set_vm_memory_high_watermark", *(["0.00001"] if on else ["absolute", MEMORY]))

    def set_disk_alarm(self, on: bool) -> None:
        self._tell("set_disk_free_limit", "900000GB" if on else "50MB")

    def _tell(self, *words: str) -> None:
        env = self._env | {"HOME": str(self.folder / "rabbitmq" / "home"), "ERL_EPMD_PORT": self._mapper}
        subprocess.run([TOOL, "-n", NODE, *words], env=env, check=True, capture_output=True, timeout=TOOL_S)
