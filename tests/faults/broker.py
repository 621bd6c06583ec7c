"""A Kafka broker of the fault tests' own; RabbitMQ and Redis are the running stack's."""

from __future__ import annotations

from pathlib import Path

from tests.faults.private import PrivateService, free_ports

CONTROLLER = 10_000


class PrivateBroker(PrivateService):
    """On a free port; `url` is its CAPI_KAFKA_URL."""

    def __init__(self, folder: Path) -> None:
        port = free_ports(CONTROLLER)
        self.url = f"kafka://127.0.0.1:{port}"
        addresses = {"CAPI_KAFKA_URL": self.url, "CAPI_STACK_KAFKA_CONTROLLER_PORT": str(port + CONTROLLER)}
        super().__init__(folder, "kafka", "kafka.Kafka", addresses)
