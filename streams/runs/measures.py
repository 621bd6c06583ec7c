"""What every role that reads runs measures, for Prometheus. Times in seconds; labels are names of the site's own.

Faust's own monitor counts one message a run and looks at every table access; here records are counted a run at a
time, and what can be looked up is looked up when somebody asks (:func:`refresh`).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from faust.sensors.base import Sensor
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from streams.runs.app import RunApp

SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)
SHORT_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
LONG_S = (0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)

RUN_RECORDS = Histogram(
    "capi_run_records", "Records of each run: one fetch of a partition", ["topic"], buckets=SIZES
)
TRANSACTION = Histogram(
    "capi_transaction_seconds", "Kafka transaction of a run, from its begin to its commit", buckets=SHORT_S
)
COMMIT = Histogram(
    "capi_commit_seconds", "Commit of offsets in roles without transactions (dispatch)", buckets=SHORT_S
)
RESTORE = Histogram("capi_restore_seconds", "A table read back from its changelog", ["table"], buckets=LONG_S)
RESTORED = Counter("capi_restored_records_total", "Changelog records read back", ["table"])
REFUSED = Counter(
    "capi_restore_refused_total",
    "Changelog records that are no state of the table: what was there before counts",
    ["table"],
)
REBALANCE = Histogram("capi_rebalance_seconds", "Rebalances, from revocation until records flow", buckets=LONG_S)
ASSIGNMENT = Histogram("capi_assignment_seconds", "Deciding who owns what, at the group's leader", buckets=SHORT_S)
LAG = Gauge(
    "capi_lag_records",
    "Offsets that a partition of this worker is behind, looked at every sixth of CAPI_STALL_S",
    ["topic", "partition"],
)
PARTITIONS = Gauge("capi_partitions", "Partitions that this worker owns, all topics together")
TABLE_KEYS = Gauge("capi_table_keys", "Keys of a table at this worker", ["table"])
REBALANCING = Gauge("capi_rebalancing", "1 while partitions are handed over or restored")
LOOP_DELAY = Histogram(
    "capi_event_loop_delay_seconds",
    "How late the event loop is for a timer, looked at twice a second",
    buckets=SHORT_S,
)


class RunSensor(Sensor):
    """What Faust tells of rebalances and commits. `began_s` is when the last rebalance began, on the monotonic
    clock; `ready` is true once the first one was over."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        self.began_s = monotonic()

    def on_rebalance_start(self, app: Any) -> dict[str, float]:
        self.began_s = monotonic()
        return {}

    def on_rebalance_end(self, app: Any, state: Any) -> None:
        self.ready = True
        REBALANCE.observe(monotonic() - self.began_s)

    def on_assignment_completed(self, assignor: Any, state: dict[str, float]) -> None:
        ASSIGNMENT.observe(monotonic() - state["time_start"])

    def on_commit_initiated(self, consumer: Any) -> float:
        return monotonic()

    def on_commit_completed(self, consumer: Any, state: float) -> None:
        if not consumer.own_commit:
            COMMIT.observe(monotonic() - state)


def refresh(app: RunApp) -> None:
    """Set the gauges of what can be looked up. Series of partitions that went elsewhere go too."""
    lags = app.pulse.lags()
    LAG.clear()
    for tp, behind in lags.items():
        LAG.labels(tp.topic, str(tp.partition)).set(behind)
    PARTITIONS.set(len(lags))
    REBALANCING.set(not is_ready(app))
    for table in app.tables.values():
        TABLE_KEYS.labels(table.name).set(len(table.data))


def is_ready(app: RunApp) -> bool:
    """State is restored and records flow."""
    return app.sensor.ready and not app.rebalancing


def still_s(app: RunApp) -> float:
    """How long a rebalance under way has not moved: nothing was restored and nothing has begun. 0 when ready."""
    return 0.0 if is_ready(app) else monotonic() - max(app.sensor.began_s, app.pulse.restored_at_s)
