"""The stack as containers: deploy/compose.yaml, when a Docker engine with Compose answers."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence

from deploy.stack.addresses import Addresses
from deploy.stack.program import StackError
from deploy.stack.settings import ROOT, StackSettings

COMPOSE = ROOT / "deploy/compose.yaml"


def _quiet(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def engine_answers() -> bool:
    """Whether `docker compose` can be used here."""
    return (
        shutil.which("docker") is not None and _quiet("docker", "info") and _quiet("docker", "compose", "version")
    )


def compose_environment(addresses: Addresses, settings: StackSettings) -> dict[str, str]:
    """The variables of deploy/compose.yaml, each with a default there."""
    return {
        "KAFKA_PORT": str(addresses.kafka.port),
        "KAFKA_HEAP_MB": str(settings.kafka_memory_mb),
        "RABBITMQ_PORT": str(addresses.rabbitmq.port),
        "RABBITMQ_MANAGEMENT_PORT": str(addresses.management.port),
        "RABBITMQ_USER": addresses.rabbitmq.user or "guest",
        "RABBITMQ_PASSWORD": addresses.rabbitmq.password or "guest",
        "RABBITMQ_VHOST": addresses.rabbitmq.path or "/",
        "RABBITMQ_MEMORY_MB": str(settings.rabbitmq_memory_mb),
        "RABBITMQ_DISK_FREE_MB": str(settings.rabbitmq_disk_free_mb),
        "REDIS_PASSWORD": addresses.redis.password,
        "REDIS_PORT": str(addresses.redis.port),
        "REDIS_MEMORY_MB": str(settings.redis_memory_mb),
    }


def _compose(addresses: Addresses, settings: StackSettings, *words: str) -> subprocess.CompletedProcess[str]:
    # One project for each stack folder, so that two stacks keep their containers apart.
    project = "capi-stack-" + hashlib.sha256(str(settings.dir).encode()).hexdigest()[:8]
    command = ["docker", "compose", "-p", project, "-f", str(COMPOSE), *words]
    env = os.environ | compose_environment(addresses, settings)
    return subprocess.run(command, env=env, check=False, text=True, stdout=subprocess.PIPE)


def start_docker(names: Sequence[str], addresses: Addresses, settings: StackSettings) -> None:
    """Start the named services and wait until their health checks pass; raises StackError."""
    done = _compose(addresses, settings, "up", "-d", "--wait", *names)
    if done.returncode:
        raise StackError("`docker compose up` failed; `docker compose logs` in that project says why.")


def running_services(addresses: Addresses, settings: StackSettings) -> list[str]:
    """Services of this stack that run as containers."""
    return _compose(addresses, settings, "ps", "--services", "--status", "running").stdout.split()


def stop_docker(addresses: Addresses, settings: StackSettings) -> bool:
    """Stop this stack's containers, keeping their volumes; False when there were none."""
    if not running_services(addresses, settings):
        return False
    if _compose(addresses, settings, "down").returncode:
        raise StackError("`docker compose down` failed.")
    return True
