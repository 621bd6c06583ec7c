"""compose.yaml as Compose itself understands it: every role is there, shut in, and knows when it is well."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.roles import ALL_ROLES, FAUST_ROLES
from streams.settings import Settings, load_settings
from tests.expressions import DEPLOY

JOBS = {"provision", "demo"}
SERVICES = {"kafka", "rabbitmq", "redis"}
Services = dict[str, dict[str, Any]]


def compose(*profiles: str) -> Services:
    """Raises what Compose says against the file."""
    program = Path(sys.executable).with_name("docker-compose")
    chosen = [word for profile in profiles for word in ("--profile", profile)]
    command = [str(program), "-f", str(DEPLOY / "compose.yaml"), *chosen, "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    services: Services = json.loads(done.stdout)["services"]
    return services


@pytest.fixture(scope="module")
def everything() -> Services:
    return compose("core", "observability", "demo")


def test_profiles_add_to_the_services() -> None:
    assert compose().keys() == SERVICES
    assert compose("core").keys() == SERVICES | {"provision", *ALL_ROLES}
    assert compose("observability").keys() == SERVICES | {"prometheus", "grafana"}
    assert compose("demo").keys() == SERVICES | {"demo"}


def test_everything_listens_on_loopback_only(everything: Services) -> None:
    ports = [port for service in everything.values() for port in service.get("ports", [])]
    assert len(ports) == 8
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_everything_that_stays_has_a_check_of_its_health(everything: Services) -> None:
    assert {name for name, of in everything.items() if "disable" in of.get("healthcheck", {})} == JOBS
    assert {name for name, of in everything.items() if not of.get("healthcheck", {}).get("test")} == JOBS


def test_roles_are_asked_where_they_answer(everything: Services) -> None:
    settings = load_settings()
    ports = dict.fromkeys(FAUST_ROLES, f":{settings.metrics_port}/readyz") | {
        "deliver": f":{settings.deliver_port}/healthz",
        "collect": f":{settings.collect_health_port}/readyz",
        "intake": f":{settings.intake_port}/healthz",
    }
    assert ports.keys() == {*ALL_ROLES}
    assert all(place in everything[role]["healthcheck"]["test"][-1] for role, place in ports.items())


def test_roles_are_shut_in_and_wait_for_topics_and_queues(everything: Services) -> None:
    for name in (*ALL_ROLES, *JOBS):
        role = everything[name]
        assert role["read_only"] and role["cap_drop"] == ["ALL"], name
        assert role["security_opt"] == ["no-new-privileges:true"]
        assert role["stop_grace_period"] == "1m0s"
    waiting = {name: everything[name]["depends_on"].keys() for name in ALL_ROLES}
    assert set(map(frozenset, waiting.values())) == {frozenset({"provision"})}
    assert everything["provision"]["depends_on"].keys() == everything["demo"]["depends_on"].keys() == SERVICES


def test_only_delivery_has_tokens_and_all_settings_exist(everything: Services) -> None:
    roles = {name: everything[name]["environment"] for name in (*ALL_ROLES, *JOBS)}
    assert {name for name, env in roles.items() if "META_TOKEN" in env} == {"deliver"}
    named = {key for env in roles.values() for key in env if key.startswith("CAPI_")}
    assert {key.removeprefix("CAPI_").lower() for key in named} <= set(Settings.model_fields)


def test_files_that_are_mounted_exist_and_prometheus_asks_every_role(everything: Services) -> None:
    mounts = [mount for of in everything.values() for mount in of.get("volumes", []) if mount["type"] == "bind"]
    assert len(mounts) == 5
    assert all(Path(mount["source"]).exists() for mount in mounts)
    jobs = yaml.safe_load((DEPLOY / "prometheus/compose.yml").read_text())["scrape_configs"]
    assert {name for job in jobs for dns in job["dns_sd_configs"] for name in dns["names"]} == {*ALL_ROLES}
