"""Each alert is explained in the runbook, tried by a test, and about targets that are there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import yaml

from agents.roles import ALL_ROLES, FAUST_ROLES, usual_roles, workers
from streams.settings import load_settings
from tests.expressions import ALERT_TESTS, ALERTS, alerts

ROOT = Path(__file__).parents[3]
RUNBOOK = ROOT / "docs/runbook.md"


def test_every_alert_has_its_heading_and_every_heading_its_alert() -> None:
    headings = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.M)
    assert sorted(headings) == sorted(str(rule["alert"]) for rule in alerts())


def test_every_entry_says_what_it_means_what_to_look_at_and_what_to_do() -> None:
    for entry in re.split(r"^## ", RUNBOOK.read_text(), flags=re.M)[1:]:
        assert re.findall(r"^\*\*(\w+(?: \w+)*)\*\*:", entry, re.M) == ["Means", "Look at", "Do"], entry[:40]


def test_every_alert_leads_to_its_heading_and_says_whom_it_wakes() -> None:
    for rule in alerts():
        notes, labels = cast(dict[str, str], rule["annotations"]), cast(dict[str, str], rule["labels"])
        path, _, anchor = notes["runbook_url"].partition("#")
        assert (ROOT / path, anchor) == (RUNBOOK, str(rule["alert"]).lower())
        assert labels["severity"] in ("page", "ticket")
        assert notes["summary"]


def test_every_alert_is_tried_with_what_brings_it_up() -> None:
    tests: list[dict[str, Any]] = [t for path in ALERT_TESTS for t in yaml.safe_load(path.read_text())["tests"]]
    tried = [one for test in tests for one in test["alert_rule_test"]]
    fired = {one["alertname"] for one in tried if one["exp_alerts"]}
    assert fired == {rule["alert"] for rule in alerts()}


def test_prometheus_scrapes_what_capi_run_starts() -> None:
    settings = load_settings(deliver_host="127.0.0.1")
    started = workers(settings, usual_roles(settings), {})
    ports = {one.name: int(one.env["CAPI_METRICS_PORT"]) for one in started if one.name in FAUST_ROLES}
    own = {
        "deliver": settings.deliver_port,
        "collect": settings.collect_health_port,
        "intake": settings.intake_port,
    }
    assert scraped() == {role: f"127.0.0.1:{port}" for role, port in (ports | own).items()}
    assert set(scraped()) == set(ALL_ROLES)


def scraped() -> dict[str, str]:
    """Role -> target."""
    jobs = yaml.safe_load((ALERTS.parent / "prometheus.yml").read_text())["scrape_configs"]
    return {one["labels"]["role"]: one["targets"][0] for job in jobs for one in job["static_configs"]}
