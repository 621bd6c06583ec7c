"""The local stack, brought up a second time beside the shared one: no fakes, real brokers, real kills."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.integration.private_stack import (
    PrivateStack,
    descendants,
    eventually,
    listening_addresses,
    stack_in,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

# 127.0.0.1, ::1 and ::ffff:127.0.0.1 in the byte order of /proc/net/tcp.
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateStack]:
    yield from stack_in(tmp_path_factory.mktemp("stack"))


def test_everything_answers_and_is_supervised(stack: PrivateStack) -> None:
    rows = stack.status()
    assert set(rows) == {"kafka", "rabbitmq", "redis"}
    assert all(row["answers"] and row["run_by"].startswith("supervisord") for row in rows.values()), rows


def test_nothing_listens_beyond_loopback(stack: PrivateStack) -> None:
    supervisord = int((stack.folder / "supervisord.pid").read_text())
    heard = listening_addresses(descendants(supervisord))
    assert heard and heard <= LOOPBACK, heard


def test_up_again_changes_nothing(stack: PrivateStack) -> None:
    before = stack.pids()
    assert "already up" in stack.run("up").stdout
    assert stack.pids() == before


def test_what_another_stack_runs_is_external(stack: PrivateStack, tmp_path: Path) -> None:
    elsewhere = {"CAPI_STACK_DIR": str(tmp_path)}
    assert "already up" in stack.run("up", **elsewhere).stdout
    assert stack.run("status", **elsewhere).stdout.count("external") == 3
    assert "nothing to stop" in stack.run("down", **elsewhere).stdout
    assert all(row["answers"] for row in stack.status().values())


def test_killed_services_come_back_with_their_data(stack: PrivateStack) -> None:
    Redis(port=stack.redis_port, password="s3cret").set("kept", "yes")
    before = stack.pids()
    # The append-only file is synced every second; the kernel has the write, which outlives the process.
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(row["answers"] for row in stack.status().values()), 90, "all answer again")
    after = stack.pids()
    assert all(after[name] != before[name] for name in before)
    assert Redis(port=stack.redis_port, password="s3cret").get("kept") == b"yes"


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        changes = {"CAPI_STACK_KAFKA_CONTROLLER_PORT": str(port), "CAPI_STACK_DIR": str(tmp_path)}
        done = PrivateStack(tmp_path).run("up", **changes)
    assert done.returncode == 1
    assert f"Kafka's controller needs port {port}" in done.stderr
    assert not (tmp_path / "supervisord.conf").exists()


def test_a_remote_address_is_not_started_here(tmp_path: Path) -> None:
    done = PrivateStack(tmp_path).run("up", CAPI_KAFKA_URL="kafka://kafka.invalid:9092")
    assert done.returncode == 1
    assert "kafka does not answer at kafka.invalid:9092" in done.stderr


def test_a_wrong_setting_is_a_usage_error(tmp_path: Path) -> None:
    done = PrivateStack(tmp_path).run("up", CAPI_STACK_KAFKA_MEMORY_MB="1")
    assert done.returncode == 2
    assert "kafka_memory_mb" in done.stderr


def test_down_leaves_nothing_behind(tmp_path: Path) -> None:
    """Only Redis, because it is quick: the other two are taken as they are, from the shared stack."""
    shared = {name: os.environ.get(name, "") for name in ("CAPI_KAFKA_URL", "CAPI_RABBITMQ_URL")}
    stack = PrivateStack(tmp_path)
    for name in ("CAPI_KAFKA_URL", "CAPI_RABBITMQ_URL", "CAPI_RABBITMQ_MANAGEMENT_URL"):
        stack.environment.pop(name)
    stack.environment |= {name: url for name, url in shared.items() if url}
    assert stack.run("up").returncode == 0
    processes = descendants(int((tmp_path / "supervisord.pid").read_text()))
    assert len(processes) == 2
    assert "stopped" in stack.run("down").stdout
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), 10, "all processes gone")
    assert stack.status()["kafka"]["answers"]
