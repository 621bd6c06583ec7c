"""What the stack decides without starting anything: addresses, compose variables, supervisord's file."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from deploy.stack import supervisor
from deploy.stack.addresses import Addresses, read_addresses
from deploy.stack.docker import compose_environment
from deploy.stack.program import Program
from deploy.stack.settings import load_stack_settings
from streams.settings import load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"


def _addresses(**urls: str) -> Addresses:
    return read_addresses(load_settings(**urls), load_stack_settings())


def test_addresses_come_from_the_applications_urls() -> None:
    addresses = _addresses(
        kafka_url="kafka://127.0.0.1:9192,kafka://127.0.0.1:9193",
        rabbitmq_url="amqp://shop:p%40ss@127.0.0.1:5673/my%2Fshop",
        redis_url="redis://:secret@localhost:6380/2",
    )
    assert str(addresses.kafka) == "127.0.0.1:9192"
    assert (addresses.rabbitmq.user, addresses.rabbitmq.password) == ("shop", "p@ss")
    assert addresses.rabbitmq.path == "my/shop"
    assert (addresses.redis.port, addresses.redis.password) == (6380, "secret")


@pytest.mark.parametrize("port", [1024, 5672, 9092, 60999, 65535])
def test_internal_ports_are_ports_and_differ(port: int) -> None:
    addresses = _addresses(kafka_url=f"kafka://127.0.0.1:{port}", rabbitmq_url=f"amqp://127.0.0.1:{port}/")
    internal = [addresses.controller_port, addresses.dist_port, addresses.epmd_port]
    assert all(0 < number < 65536 for number in internal)
    assert len({port, *internal}) == 4


def test_every_compose_variable_is_set_and_every_set_one_is_used() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+):-", (DEPLOY / "compose.yaml").read_text()))
    assert used == set(compose_environment(_addresses(), load_stack_settings()))


def test_compose_publishes_on_loopback_only() -> None:
    published = re.findall(r'"([^"]*):\$\{[A-Z_]+_PORT:-\d+\}:[^"]*"', (DEPLOY / "compose.yaml").read_text())
    assert published == ["127.0.0.1"] * 4


def test_the_container_broker_is_configured_as_the_native_one() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    compose = dict(re.findall(r'^ +KAFKA_([A-Z_]+): "(.*)"$', text, re.MULTILINE))
    lines = (DEPLOY / "kafka/server.properties").read_text().splitlines()
    native = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    as_compose = {key.upper().replace(".", "_"): value for key, value in native.items() if "$" not in value}
    assert as_compose.items() <= compose.items()


def test_supervisord_gets_odd_characters_unharmed(tmp_path: Path) -> None:
    odd = 'a b;c%(x)s,"d"'
    section = supervisor._section(tmp_path, Program("kafka", ["run", odd], {"KEY": odd}))
    parser = configparser.RawConfigParser()
    parser.read_string(section)
    assert parser["program:kafka"]["autorestart"] == "true"
    assert parser["program:kafka"]["command"] == r'"run" "a b;c%%(x)s,\"d\""'


def test_a_second_start_keeps_the_programs_of_the_first(tmp_path: Path) -> None:
    one = supervisor._merged(supervisor._head(tmp_path), tmp_path, [Program("redis", ["old"])])
    two = supervisor._merged(one, tmp_path, [Program("kafka", ["k"])])
    three = supervisor._merged(two, tmp_path, [Program("redis", ["new"])])
    parser = configparser.RawConfigParser()
    parser.read_string(three)
    assert parser["program:kafka"]["command"] == '"k"'
    assert parser["program:redis"]["command"] == '"new"'


def test_a_long_folder_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert len(str(supervisor.socket_path(deep))) <= supervisor.SOCKET_LONGEST
    assert supervisor.socket_path(tmp_path) == tmp_path / "supervisor.sock"
