"""Where each service listens, read from the application's own URLs, so that nothing is said twice."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from deploy.stack.settings import StackSettings
from streams.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Address:
    """One TCP endpoint, with the credentials of its URL."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    path: str = ""

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Addresses:
    """The endpoints of one stack; `controller`, `dist` and `epmd` are its internal ports."""

    kafka: Address
    rabbitmq: Address
    management: Address
    redis: Address
    controller_port: int
    dist_port: int
    epmd_port: int

    def listening(self, service: str) -> dict[str, int]:
        """What each port of a service is for -> the port."""
        return {
            "kafka": {"Kafka": self.kafka.port, "Kafka's controller": self.controller_port},
            "rabbitmq": {
                "RabbitMQ": self.rabbitmq.port,
                "RabbitMQ's management API": self.management.port,
                "Erlang's distribution": self.dist_port,
                "Erlang's port mapper": self.epmd_port,
            },
            "redis": {"Redis": self.redis.port},
        }[service]


def _parse(url: str, default_port: int) -> Address:
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(parts.hostname or "127.0.0.1", parts.port or default_port, user, password, path)


def _derived(port: int, offset: int) -> int:
    return port + offset if port + offset <= 65535 else port - offset


def read_addresses(app: Settings, stack: StackSettings) -> Addresses:
    """Endpoints from the application's URLs; of several Kafka servers the first is meant."""
    kafka = _parse(f"kafka://{app.kafka_servers[0]}", 9092)
    rabbitmq = _parse(app.rabbitmq_url, 5672)
    return Addresses(
        kafka=kafka,
        rabbitmq=rabbitmq,
        management=_parse(app.rabbitmq_management_url, 15672),
        redis=_parse(app.redis_url, 6379),
        controller_port=stack.kafka_controller_port or _derived(kafka.port, 12000),
        dist_port=stack.rabbitmq_dist_port or _derived(rabbitmq.port, 20000),
        epmd_port=stack.rabbitmq_epmd_port or _derived(rabbitmq.port, 19000),
    )
