"""What the collector counts, for Prometheus; events are counted where they pass the door."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("capi_collect_requests_total", "Answers by path and status", ["path", "status"])
PROBLEMS = Counter("capi_collect_problems_total", "Requests that were refused as a whole", ["code"])
SECONDS = Histogram(
    "capi_collect_seconds",
    "From a request's headers to its answer",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
CONNECTIONS = Gauge("capi_collect_connections", "Open connections")
TURNED_AWAY = Counter("capi_collect_turned_away_total", "Connections that were ended, by reason", ["reason"])
