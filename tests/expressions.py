"""Every expression of the dashboards and rules in deploy/, and the metrics and labels in it.

Not a parser of PromQL: promtool is. Metrics are what is named like ours, or like those of every process, and `up`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from deploy.metrics import metrics

DEPLOY = Path(__file__).parents[1] / "deploy"
ALERTS = DEPLOY / "prometheus/alerts.yml"
ALERT_TESTS = sorted(ALERTS.parent.glob("alerts_*test.yml"))
BOARDS = DEPLOY / "grafana/dashboards"
TARGET = frozenset({"job", "instance", "role"})  # what a scrape adds, see deploy/prometheus/prometheus.yml
OF_ALL = ("up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds")
SUFFIXES = ("_bucket", "_sum", "_count")

_METRIC = re.compile(r"\b((?:capi|process)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_LEGEND = re.compile(r"\{\{\s*\$?(?:labels\.)?([a-z_]+)")

Known = Mapping[str, frozenset[str]]  # name of a metric, as it is shown -> its labels


def alerts() -> list[dict[str, object]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str, str]]:
    """(where, expression, the text in which labels of its result are named)."""
    for rule in alerts():
        yield f"alert {rule['alert']}", str(rule["expr"]), json.dumps(rule["annotations"])
    for path in sorted(BOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target["expr"], target["legendFormat"]


def metrics_of(expression: str) -> dict[str, set[str]]:
    """Metric -> labels that are matched on it."""
    found: dict[str, set[str]] = {}
    for name, matchers in _METRIC.findall(_GROUPING.sub("", expression)):
        found.setdefault(name, set()).update(_MATCHER.findall(matchers))
    return found


def wrong(known: Known, expression: str, told: str = "") -> list[str]:
    """What is not there: metrics, labels that are matched or grouped by, and labels that are told."""
    metrics, problems = metrics_of(expression), list[str]()
    there = set(TARGET)
    for name, matched in metrics.items():
        if name not in known:
            problems.append(f"no metric {name}")
            continue
        there |= known[name]
        problems += [f"{name} has no label {label}" for label in sorted(matched - known[name] - TARGET)]
    grouped = {label.strip() for labels in _GROUPING.findall(expression) for label in labels.split(",")} - {""}
    problems += [f"no label {label} to group by" for label in sorted(grouped - there)]
    left = {label.strip() for label in _grouped_last(expression)} or there
    problems += [f"no label {label} is left" for label in sorted({*_LEGEND.findall(told)} - left - {"value"})]
    return problems if metrics else ["no metric at all"]


def known() -> dict[str, frozenset[str]]:
    """Metrics that the code makes, under the names that a scrape shows."""
    found = {name: frozenset[str]() for name in OF_ALL}
    for _, metric in metrics():
        family, labels = next(iter(metric.describe())), frozenset(metric._labelnames)
        found |= {name: labels | ({"le"} if name.endswith("_bucket") else set()) for name in _shown_as(family)}
    return found


def seen_in(served: Iterable[bytes]) -> dict[str, frozenset[str]]:
    """Metrics that these answers to scrapes show. The code tells the labels of one that has no series yet."""
    found, by_code = {"up": frozenset[str]()}, known()
    for text in served:
        for family in text_string_to_metric_families(text.decode()):
            for name in _shown_as(family):
                found.setdefault(name, by_code.get(name, frozenset()))
            found |= {sample.name: frozenset(sample.labels) for sample in family.samples}
    return found


def _shown_as(family: Metric) -> list[str]:
    if family.type == "histogram":
        return [family.name + suffix for suffix in SUFFIXES]
    return [family.name + "_total" * (family.type == "counter")]


def _grouped_last(expression: str) -> list[str]:
    """The labels that the outermost sum, max, … leaves; none when there is no such."""
    first = re.match(
        r"(?:topk\(\d+, )?(?:histogram_quantile\([\d.]+, )?(?:sum|max|min) by \(([^)]*)\)", expression
    )
    return [label for label in first[1].split(",") if label.strip() != "le"] if first else []
