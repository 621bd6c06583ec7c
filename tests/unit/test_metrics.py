"""The metrics of Faust workers: what is shown, on which terms, and the page that lists it."""

from __future__ import annotations

import re
from pathlib import Path
from time import monotonic
from typing import cast

import httpx
from prometheus_client import Gauge

from agents.metrics import health, readiness
from deploy.metrics import SECTIONS, metrics, modules, render
from sinks.views import views
from streams.runs import RunApp
from streams.runs.measures import RunSensor
from streams.runs.stall import Place
from streams.settings import load_settings
from tests.site import free_port

PAGE = Path(__file__).parents[2] / "docs/metrics.md"
UNBOUNDED = {"event", "event_id", "event_name", "session", "session_id", "visitor", "key", "ip", "email"}


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == render(), "run `make metrics`"


def test_every_metric_is_ours_has_a_section_and_labels_that_are_bounded() -> None:
    found = [metric for _, metric in metrics()]
    assert len(found) > 40
    for metric in found:
        family = next(iter(metric.describe()))
        assert re.fullmatch(r"capi_[a-z0-9_]+", family.name)
        assert not UNBOUNDED & set(metric._labelnames), family.name
        assert not re.search(r"_(ms|milliseconds|minutes|hours)$", family.name), "seconds"
    assert all(module.startswith(tuple(SECTIONS)) for module in modules())


def test_lag_is_what_is_not_done_with() -> None:
    assert Place(position=10, fetched=10, reached=10, committed=10).behind(10) == 0
    assert Place(position=11, fetched=10, reached=10, committed=10).behind(11) == 0, "the last one was a marker"
    assert Place(position=50, fetched=40, reached=30, committed=20).behind(60) == 40
    assert Place(position=20).behind(60) == 40, "nothing was committed by this worker yet"
    assert Place(position=0).behind(0) == 0


class Pulse:
    restored, restored_at_s = 0, 0.0


class Worker:
    """What health looks at, of an app."""

    def __init__(self) -> None:
        self.sensor, self.pulse, self.rebalancing = RunSensor(), Pulse(), True
        self.settings = load_settings(stall_s=30)

    def seen(self) -> tuple[bool, bool]:
        app = cast(RunApp, self)
        return health(app)["ok"], readiness(app)["ok"]


def test_a_worker_is_well_while_its_rebalance_moves_and_ready_when_it_is_over() -> None:
    worker = Worker()
    assert worker.seen() == (True, False), "it has just begun"
    worker.sensor.began_s -= 31
    assert worker.seen() == (False, False), "nothing moved for longer than CAPI_STALL_S"
    worker.pulse.restored_at_s = monotonic()
    assert worker.seen() == (True, False), "it restores"
    worker.rebalancing = False
    assert worker.seen() == (True, False), "not over yet: Faust's flag is down before the first one, too"
    worker.sensor.on_rebalance_end(None, {})
    assert worker.seen() == (True, True)
    worker.rebalancing = True
    worker.sensor.on_rebalance_start(None)
    assert worker.seen() == (True, False), "another one"


async def test_gauges_are_looked_up_when_asked_for_and_taken_ports_are_passed() -> None:
    gauge, looks, port = Gauge("capi_test_looked", "Of this test"), [], free_port()

    def look() -> None:
        looks.append(1)
        gauge.set(len(looks))

    health = {"/healthz": lambda: {"ok": True}}
    async with (
        views("127.0.0.1", port, {}),
        views("127.0.0.1", port, health, ports=2, refresh=look),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port + 1}") as client,
    ):
        assert (await client.get("/healthz")).json() == {"ok": True}
        pages = [await client.get("/metrics") for _ in range(2)]
    assert ["capi_test_looked 1.0" in pages[0].text, "capi_test_looked 2.0" in pages[1].text] == [True, True]
