"""Kafka, RabbitMQ and Redis of one arena: nobody else's, so they may be killed, frozen and filled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.faults.matrix.kafka import KafkaNodes
from tests.faults.rabbit import PrivateRabbit
from tests.faults.rabbit_cluster import RabbitCluster
from tests.faults.redis import PrivateRedis


class Service(Protocol):
    """As PrivateService. `start`, `up` and `stop` block."""

    def start(self) -> None: ...
    def up(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> bool: ...
    def pids(self) -> list[int]: ...


class Rabbit(Service, Protocol):
    """`url` lacks the virtual host; `port` is the one in it, `ports` are where AMQP is spoken, one a node."""

    url: str
    management_url: str
    port: int
    ports: list[int]


class Services(NamedTuple):
    kafka: KafkaNodes
    rabbit: Rabbit
    redis: PrivateRedis

    def start(self) -> None:
        """All at once. Raises RoleError."""
        with ThreadPoolExecutor(len(self)) as threads:
            for started in [threads.submit(service.start) for service in self]:
                started.result()

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self)) as threads:
            for stopped in [threads.submit(service.stop) for service in self]:
                stopped.result()


def plain(folder: Path) -> Services:
    """One node of each."""
    return Services(
        KafkaNodes(folder / "kafka-stack", 1),
        PrivateRabbit(folder / "rabbit-stack"),
        PrivateRedis(folder / "redis-stack"),
    )


def rabbit_cluster(folder: Path) -> Services:
    """Three nodes of RabbitMQ."""
    return plain(folder)._replace(rabbit=RabbitCluster(folder / "rabbit-cluster"))
