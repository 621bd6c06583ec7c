"""What a dashboard is made of, and the JSON that Grafana reads (schema 39, Grafana 10 and later)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

Unit = Literal["short", "s", "percentunit", "bytes", "reqps", "eps", "dateTimeFromNow"]
Kind = Literal["timeseries", "stat", "table"]

COLUMNS = 24  # of Grafana's grid
HEIGHT = 8  # of a panel; a stat is half as high
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WINDOW = "$__rate_interval"


class Line(msgspec.Struct, frozen=True):
    """An expression, and what its series are called: `{{label}}` is that label's value."""

    expression: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """`says`: what it means and when to worry. `width` of 24 columns. `red`: from this value on it is red.
    `stacked` is for parts of a whole."""

    title: str
    says: str
    lines: tuple[Line, ...]
    unit: Unit = "short"
    kind: Kind = "timeseries"
    width: int = 8
    red: float | None = None
    stacked: bool = False


class Row(msgspec.Struct, frozen=True):
    title: str
    panels: tuple[Panel, ...]


class Dashboard(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the file's, and in the address of the dashboard."""

    name: str
    title: str
    says: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row.panels]


def per_second(metric: str, by: str, where: str = "") -> str:
    """Sum of a counter's rates by these labels; `by` "" is all together."""
    return f"sum{_by(by)} (rate({metric}{where}[{WINDOW}]))"


def quantile(q: float, histogram: str, by: str = "") -> str:
    labels = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({q}, sum by ({labels}) (rate({histogram}_bucket[{WINDOW}])))"


def quantiles(histogram: str, by: str = "") -> tuple[Line, ...]:
    """The median and the 99th percentile."""
    legend = "".join(f" {{{{{label.strip()}}}}}" for label in by.split(",")) if by else ""
    return (
        Line(quantile(0.5, histogram, by), f"median{legend}"),
        Line(quantile(0.99, histogram, by), f"99 %{legend}"),
    )


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def render(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "uid": f"capi-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.says,
        "tags": ["capi-stream"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_datasource()]},
        "links": [_others()],
        "panels": list(_placed(dashboard.rows)),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}


def _others() -> dict[str, Any]:
    return {"type": "dashboards", "title": "capi-stream", "tags": ["capi-stream"], "asDropdown": True}


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Panels from left to right, in the next line where there is no more room; a heading above each row."""
    ident, y = 0, 0
    for row in rows:
        ident += 1
        yield _heading(ident, row.title, y)
        x, y, high = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, high = 0, y + high, 0
            ident += 1
            height = HEIGHT // 2 if panel.kind == "stat" else HEIGHT
            yield _panel(ident, panel, {"x": x, "y": y, "w": panel.width, "h": height})
            x, high = x + panel.width, max(high, height)
        y += high


def _heading(ident: int, title: str, y: int) -> dict[str, Any]:
    return {
        "id": ident,
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
    }


def _panel(ident: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": ident,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        "targets": [_target(number, line, panel.kind) for number, line in enumerate(panel.lines)],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    drawn: dict[str, Any] = {"lineWidth": 1, "fillOpacity": 25 if panel.stacked else 8, "showPoints": "never"}
    if panel.stacked:
        drawn["stacking"] = {"mode": "normal", "group": "A"}
    if panel.kind == "timeseries" and panel.red is not None:
        drawn["thresholdsStyle"] = {"mode": "line"}
    custom = drawn if panel.kind == "timeseries" else {}
    return {"unit": panel.unit, "min": 0, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps}}


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "colorMode": "value", "graphMode": "area", "textMode": "auto"}
    if panel.kind == "table":
        return {"showHeader": True}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}


def _target(number: int, line: Line, kind: Kind) -> dict[str, Any]:
    target = {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": line.expression,
        "legendFormat": line.legend or "__auto",
    }
    return target | ({"instant": True, "format": "table"} if kind == "table" else {})
