"""The overlays as kustomize builds them: against Kubernetes' own schemas, and against what the roles need.

KEDA's and the operator's kinds have no schema here: what is checked of them is below, and not more.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from agents.lag import READS
from agents.roles import ALL_ROLES, FAUST_ROLES
from deploy.prometheus.__main__ import ALERTS, RULE, rule
from sinks.topology import PLATFORMS, rungs, work_queue
from streams.settings import Settings, load_settings
from tests.expressions import DEPLOY

OVERLAYS = ("small", "production")
OLDEST, NEWEST = "1.27", "1.37"
FOREIGN = ("keda.sh", "monitoring.coreos.com")
Thing = dict[str, Any]


@cache
def built(overlay: str) -> list[Thing]:
    command = [str(Path(sys.executable).with_name("kubectl")), "kustomize", str(DEPLOY / "k8s/overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "deprecated fields"
    return list(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, *kinds: str) -> dict[str, Thing]:
    return {thing["metadata"]["name"]: thing for thing in built(overlay) if thing["kind"] in kinds}


def workloads(overlay: str) -> dict[str, Thing]:
    """Role -> its Deployment, StatefulSet or Job."""
    found = of_kind(overlay, "Deployment", "StatefulSet", "Job")
    return {name.removeprefix("capi-"): thing for name, thing in found.items()}


def pod(thing: Thing) -> Thing:
    spec: Thing = thing["spec"]["template"]["spec"]
    return spec


def container(thing: Thing) -> Thing:
    (only,) = pod(thing)["containers"]
    found: Thing = only
    return found


@pytest.mark.parametrize(("overlay", "version"), [("production", OLDEST), ("small", NEWEST)])
def test_kubernetes_schemas_hold(overlay: str, version: str) -> None:
    ours = [thing for thing in built(overlay) if not thing["apiVersion"].startswith(FOREIGN)]
    assert len(ours) > 25
    for thing in ours:
        kubernetes_validate.validate(thing, version, strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_role_is_there_with_its_command_and_a_disruption_budget(overlay: str) -> None:
    assert workloads(overlay).keys() == {*ALL_ROLES, "provision"}
    assert of_kind(overlay, "PodDisruptionBudget").keys() == {f"capi-{role}" for role in ALL_ROLES}
    for role in ALL_ROLES:
        arguments = container(workloads(overlay)[role])["args"]
        assert arguments[:3] == (["faust", "-A", f"agents.{role}"] if role in FAUST_ROLES else ["capi", role])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_ready_is_restored_and_only_a_hanging_worker_is_restarted(overlay: str) -> None:
    for role in FAUST_ROLES:
        found = container(workloads(overlay)[role])
        assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}, role
        assert found["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}, role
    ports = {role: metrics_port(workloads(overlay)[role]) for role in ALL_ROLES}
    settings = load_settings()
    own = {
        "deliver": settings.deliver_port,
        "collect": settings.collect_health_port,
        "intake": settings.intake_port,
    }
    assert ports == dict.fromkeys(FAUST_ROLES, settings.metrics_port) | own


def metrics_port(thing: Thing) -> int:
    return int(next(port["containerPort"] for port in container(thing)["ports"] if port["name"] == "metrics"))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_shut_in_and_given_longer_than_their_drain(overlay: str) -> None:
    settings = load_settings()
    drain_s = max(settings.stop_timeout_s, settings.collect_stop_s, settings.intake_stop_s)
    for role, thing in workloads(overlay).items():
        spec, security = pod(thing), container(thing)["securityContext"]
        assert spec["terminationGracePeriodSeconds"] > drain_s + settings.confirm_timeout_s, role
        assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
        assert security["readOnlyRootFilesystem"] and security["capabilities"] == {"drop": ["ALL"]}
        assert security["allowPrivilegeEscalation"] is False
        assert container(thing)["resources"]["limits"].keys() == {"memory"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_files_and_tokens_are_in_delivery_alone(overlay: str) -> None:
    seen = {role: secrets(thing) for role, thing in workloads(overlay).items()}
    assert all("capi-secrets" in names for names in seen.values())
    assert {role for role, names in seen.items() if "capi-tokens" in names} == {"deliver"}
    assert {role for role, names in seen.items() if "capi-keys" in names} == {"collect"}
    assert {role for role, names in seen.items() if "capi-users" in names} == {"ledger"}
    assert not of_kind(overlay, "Secret"), "they are made by hand, not written down"
    for thing in workloads(overlay).values():
        given = [*container(thing).get("env", []), *container(thing).get("envFrom", [])]
        assert not any("secretKeyRef" in str(one) or "secretRef" in one for one in given)


def secrets(thing: Thing) -> set[str]:
    volumes = pod(thing)["volumes"]
    parts = [part["secret"] for volume in volumes for part in volume.get("projected", {}).get("sources", [])]
    return {part["name"] for part in parts}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_exist_and_are_taken(overlay: str) -> None:
    (given,) = (thing["data"] for name, thing in of_kind(overlay, "ConfigMap").items() if "settings" in name)
    in_pods = {env["name"] for thing in workloads(overlay).values() for env in container(thing)["env"]}
    named = {name for name in {*given, *in_pods} if name.startswith("CAPI_")}
    assert {name.removeprefix("CAPI_").lower() for name in named} <= set(Settings.model_fields)
    load_settings(**{name.removeprefix("CAPI_").lower(): value for name, value in given.items()})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nobody_may_talk_but_as_said_and_the_ports_that_are_opened_exist(overlay: str) -> None:
    policies = of_kind(overlay, "NetworkPolicy")
    closed = policies["capi-nothing"]["spec"]
    assert closed["policyTypes"] == ["Ingress", "Egress"] and not {"ingress", "egress"} & closed.keys()
    everybody = closed["podSelector"]["matchLabels"].items()
    for thing in workloads(overlay).values():
        assert everybody <= thing["spec"]["template"]["metadata"]["labels"].items()
    named = {port["name"] for thing in workloads(overlay).values() for port in container(thing).get("ports", [])}
    opened = [
        port["port"]
        for one in policies.values()
        for rule in one["spec"].get("ingress", [])
        for port in rule["ports"]
    ]
    assert {*opened} <= named


def test_production_scales_by_what_waits_and_never_beyond_the_partitions() -> None:
    things, scaled = workloads("production"), of_kind("production", "ScaledObject")
    (given,) = (thing["data"] for name, thing in of_kind("production", "ConfigMap").items() if "settings" in name)
    assert scaled.keys() == {"capi-ingest", "capi-dispatch", "capi-sessions", "capi-deliver"}
    for name, thing in scaled.items():
        role, spec = name.removeprefix("capi-"), thing["spec"]
        assert spec["scaleTargetRef"] == {"kind": things[role]["kind"], "name": name}
        assert "replicas" not in things[role]["spec"], "KEDA's to say"
        assert spec["minReplicaCount"] >= 1
        assert all(
            isinstance(value, str) for trigger in spec["triggers"] for value in trigger["metadata"].values()
        )
        if role != "deliver":
            (trigger,) = spec["triggers"]
            assert spec["maxReplicaCount"] == int(given["CAPI_PARTITIONS"])
            assert (trigger["type"], trigger["metadata"]["consumerGroup"]) == ("kafka", name)
            assert trigger["metadata"]["topic"] == f"capi.{READS[role][0]}"


def test_sessions_are_scaled_slowly_and_never_to_none() -> None:
    spec = of_kind("production", "ScaledObject")["capi-sessions"]["spec"]
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert spec["minReplicaCount"] == 2
    for way in ("scaleUp", "scaleDown"):
        (policy,) = behavior[way]["policies"]
        assert (policy["type"], policy["value"]) == ("Pods", 1) and policy["periodSeconds"] >= 600
        assert behavior[way]["stabilizationWindowSeconds"] >= 300


def test_delivery_is_scaled_by_work_queues_and_rungs() -> None:
    triggers = of_kind("production", "ScaledObject")["capi-deliver"]["spec"]["triggers"]
    patterns = [trigger["metadata"]["queueName"] for trigger in triggers]
    queues = [*map(work_queue, PLATFORMS), *(rung.queue for rung in rungs(load_settings()))]
    assert all(sum(bool(re.search(pattern, queue)) for pattern in patterns) == 1 for queue in queues)
    assert not any(re.search(pattern, "capi_parked") for pattern in patterns)
    authentications = of_kind("production", "TriggerAuthentication")
    assert {trigger["authenticationRef"]["name"] for trigger in triggers} == authentications.keys()


def test_the_operator_gets_the_alerts_that_promtool_tried() -> None:
    (given,) = of_kind("production", "PrometheusRule").values()
    assert RULE.read_text() == rule(), "run `make dashboards`"
    assert given["spec"] == yaml.safe_load(ALERTS.read_text())


def test_what_prometheus_scrapes_has_the_labels_that_alerts_go_by() -> None:
    (monitor,) = of_kind("production", "PodMonitor").values()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert {rule["targetLabel"] for rule in endpoint["relabelings"]} == {"role", "job"}
    assert endpoint["port"] == "metrics"
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    for thing in workloads("production").values():
        assert wanted <= thing["spec"]["template"]["metadata"]["labels"].items()
