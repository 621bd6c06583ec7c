"""Dashboards and rules: what they say is PromQL, of metrics and labels that the code has."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.__main__ import DASHBOARDS, FOLDER, text_of
from deploy.grafana.panel import COLUMNS, Dashboard, render
from tests.expressions import ALERT_TESTS, ALERTS, SUFFIXES, expressions, known, metrics_of, seen_in, wrong


def test_no_panel_and_no_alert_refers_to_what_is_not_there() -> None:
    there, told = known(), list(expressions())
    assert len(told) > 100
    problems = {where: wrong(there, of, text) for where, of, text in told}
    assert {where: found for where, found in problems.items() if found} == {}


@pytest.mark.parametrize(
    ("expression", "told", "problem"),
    [
        ("rate(capi_never_total[5m])", "", "no metric capi_never_total"),
        ('capi_lane_state{colour="red"}', "", "capi_lane_state has no label colour"),
        ("sum by (tenant) (capi_lane_state)", "", "no label tenant to group by"),
        ("sum by (pixel) (capi_lane_state)", "{{platform}}", "no label platform is left"),
        ("vector(1)", "", "no metric at all"),
    ],
)
def test_what_is_not_there_is_found(expression: str, told: str, problem: str) -> None:
    assert problem in wrong(known(), expression, told)


def test_a_metric_without_series_is_known_by_its_name_and_one_with_by_its_labels() -> None:
    text = b'# TYPE capi_jobs_unacked gauge\n# TYPE capi_posts counter\ncapi_posts_total{pixel="1"} 2\n'
    seen = seen_in([text])
    assert seen["capi_jobs_unacked"] == {"queue"}
    assert seen["capi_posts_total"] == {"pixel"}
    assert "capi_lane_state" not in seen


def test_every_metric_of_ours_is_looked_at() -> None:
    """A metric that nobody looks at is there for nobody. Those left out are said here, and why."""
    used = {name for _, of, _ in expressions() for name in metrics_of(of)}
    plain = {name.removesuffix(suffix) for name in used for suffix in ("", *SUFFIXES)}
    ours = {name for name in known() if name.startswith("capi_") and not name.endswith(SUFFIXES)}
    in_other_words = {
        "capi_intake_items_total",  # as capi_events_admitted_total
        "capi_intake_recovered_total",
        "capi_intake_age_seconds",
        "capi_mirror_written_total",
    }
    assert ours - plain == in_other_words, "a new metric belongs in a panel of deploy/grafana, or here"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_the_files_are_what_the_code_says(dashboard: Dashboard) -> None:
    assert (FOLDER / f"{dashboard.name}.json").read_text() == text_of(dashboard), "run `make dashboards`"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.name)
def test_panels_have_a_place_of_their_own_and_say_what_they_mean(dashboard: Dashboard) -> None:
    panels: list[dict[str, Any]] = render(dashboard)["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < COLUMNS for x, _ in cells)
        assert panel["type"] == "row" or panel["description"].endswith(".")
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_promtool_reads_every_expression_of_a_panel(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:number{number}", "expr": of.replace("$__rate_interval", "5m")}
        for number, (_, of, _) in enumerate(expressions())
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", str(path))


def test_promtool_reads_the_configuration_and_the_alerts_do_what_they_are_for() -> None:
    for name in ("prometheus.yml", "compose.yml"):
        promtool("check", "config", str(ALERTS.parent / name))
    promtool("test", "rules", *map(str, ALERT_TESTS))


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
