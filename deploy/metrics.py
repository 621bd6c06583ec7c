"""docs/metrics.md, written from the metrics that the code makes: `python -m deploy.metrics` prints it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from prometheus_client.metrics import MetricWrapperBase

ROOT = Path(__file__).parents[1]
LAYERS = ("streams", "sinks", "agents")
HEAD = """\
# Metrics
Written by `make metrics`; a test keeps it true. Every role serves `/metrics` for Prometheus on a port of its own:

| role | address | beside it |
|---|---|---|
| Faust's roles | `CAPI_METRICS_HOST`:`CAPI_METRICS_PORT` (127.0.0.1:9138) | `/healthz`, `/readyz` |
| deliver | `CAPI_DELIVER_HOST`:`CAPI_DELIVER_PORT` (127.0.0.1:9108) | `/healthz` |
| collect | `CAPI_COLLECT_HEALTH_PORT` (127.0.0.1:9118) | `/healthz`, `/readyz` |
| intake | `CAPI_INTAKE_HOST`:`CAPI_INTAKE_PORT` (127.0.0.1:9128) | `/healthz` |

Faust's roles are ingest, sessions, visitors, dispatch and ledger. A worker whose port is taken tries the next,
twenty in all, others ten; `capi run` gives its n-th process the n-th port. `/readyz` is 200 when tables
are restored and records flow, `/healthz` is 503 when a rebalance has not moved for `CAPI_STALL_S`. A metric that a
role does not use is 0 or absent there.

Times are in seconds. Labels are names that the site itself gave, or words of ours: tenants, platforms, pixels,
topics, tables, reasons. Never an event's name, nor an id of an event, session or person.
"""
SECTIONS = {  # by the first that begins a module's name
    "streams.runs": "Every Faust role",
    "agents.collect": "collect, and the gateway",
    "agents.intake": "intake",
    "sinks.deliver": "deliver",
    "sinks.gateway": "dispatch at a client site",
    "agents": "The doors, sessions, visitors, dispatch, ledger",
    "sinks": "What several roles use",
}


def modules() -> list[str]:
    """Names of the modules that make metrics."""
    files = (path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py")))
    found = (path for path in files if "from prometheus_client import" in path.read_text("utf-8"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]


def metrics() -> Iterator[tuple[str, MetricWrapperBase]]:
    """(module, metric) of all that module makes."""
    for name in modules():
        module = import_module(name)
        yield from ((name, value) for value in vars(module).values() if isinstance(value, MetricWrapperBase))


def section_of(module: str) -> str:
    return next(title for prefix, title in SECTIONS.items() if module.startswith(prefix))


def row(metric: MetricWrapperBase) -> str:
    # what a scrape shows under this name: describe() has the name without _total
    family = next(iter(metric.describe()))
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in metric._labelnames)
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def render() -> str:
    rows: dict[str, list[str]] = {title: [] for title in SECTIONS.values()}
    seen: set[int] = set()
    for module, metric in metrics():
        if id(metric) not in seen:  # a module that imports another's
            seen.add(id(metric))
            rows[section_of(module)].append(row(metric))
    head = "| metric | kind | labels | says |\n|---|---|---|---|\n"
    parts = (f"\n## {title}\n{head}" + "\n".join(lines) + "\n" for title, lines in rows.items() if lines)
    return HEAD + "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render())
