"""One event, one trace, from the door to the POST, at a collector that speaks OTLP over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agents.roles import FAUST_ROLES
from streams.trace_ids import span_id, trace_id
from tests.e2e.marked import KEYS, SECRET, berlin_of, by_gateway, by_server
from tests.e2e.visits import event
from tests.kafka import eventually, topics_of
from tests.privacy import Marks, shown_needles, traces_of
from tests.site import free_port, site
from tests.unit.collecting import reachable
from tests.workers import environment, start

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

BOUGHT = {"value": 5, "currency": "EUR", "contents": [{"id": "1", "quantity": 1}]}
TOLD_BY = {"door": "ingest", "session": "sessions", "dispatch": "dispatch", "attempt": "deliver"}
CENTRE = ("collect", "deliver")
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ROLES = [role for role in FAUST_ROLES if role not in ("visitors", "ledger")] + ["deliver"]


class Collector:
    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []  # service, span
        self.raw: list[bytes] = []

    async def take(self, request: web.Request) -> web.Response:
        self.raw.append(await request.read())
        for of in ExportTraceServiceRequest.FromString(self.raw[-1]).resource_spans:
            names = {pair.key: pair.value.string_value for pair in of.resource.attributes}
            self.spans += [(names["service.name"], span) for scope in of.scope_spans for span in scope.spans]
        return web.Response()

    def of(self, tenant: str, event_id: str) -> list[tuple[str, Span]]:
        wanted = trace_id(tenant, event_id).to_bytes(16, "big")
        found = [(service, span) for service, span in self.spans if span.trace_id == wanted]
        return sorted(found, key=lambda pair: pair[1].end_time_unix_nano)


@asynccontextmanager
async def collecting(port: int) -> AsyncIterator[Collector]:
    collector, app = Collector(), web.Application()
    app.add_routes([web.post("/v1/traces", collector.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield collector
    finally:
        await runner.cleanup()


async def test_one_event_is_one_trace_from_the_door_to_every_attempt(tmp_path: Path) -> None:
    marks, port = Marks(), free_port()
    own = {"otel_url": f"http://127.0.0.1:{port}", "otel_ratio": 1.0, "recall_s": 0.1}
    with site(tmp_path, **own) as shop:
        shop.env["TEST_TOKEN"] = marks.token
        async with collecting(port) as collector:
            for role in ROLES:
                shop.worker(role)
            shop.behave(mode="500", platform="meta", times=1)
            await shop.produce(
                event("t", 1, "ViewContent", custom_data={"content_ids": ["1"]}, user_data=marks.user_data),
                event("t", 2, "Purchase", custom_data=BOUGHT, user_data=marks.user_data),
            )
            spans = await eventually(lambda: len(found := collector.of("default", "t-2")) >= 7 and found, 120)
            viewed = await eventually(lambda: len(found := collector.of("default", "t-1")) >= 6 and found, 30)
    by_id = {span.span_id: span for _, span in spans}
    assert len(by_id) == len(spans) == 7, "door, session, two destinations, and Meta was tried twice"
    for service, span in spans:
        assert service.rpartition("-")[2] == TOLD_BY[span.name]
        chain = [span]
        while chain[-1].parent_span_id:
            chain.append(by_id[chain[-1].parent_span_id])
        assert [one.name for one in chain] == ["attempt", "dispatch", "session", "door"][-len(chain) :]
        ends = [one.end_time_unix_nano for one in reversed(chain)]
        assert ends == sorted(ends), "a stage ends before the next one"
    failed = [span for _, span in spans if span.status.code == 2]
    assert [span.name for span in failed] == ["attempt"]
    assert {span.name for _, span in viewed} == {"door", "session", "dispatch", "attempt"}
    assert not list(traces_of(shown_needles(marks), [("OTLP", raw) for raw in collector.raw]))


async def test_a_servers_trace_is_linked_and_an_event_of_a_client_site_is_one_trace_at_both_sites(
    tmp_path: Path,
) -> None:
    marks, port = Marks(), free_port()
    own = {"otel_url": f"http://127.0.0.1:{port}", "otel_ratio": 1.0}
    with site(tmp_path, **own, collect_port=free_port(), collect_health_port=0) as shop:
        shop.settings.tenants.write_text(shop.settings.tenants.read_text() + KEYS)
        shop.env |= {"TEST_TOKEN": marks.token, "TEST_SIGNING": SECRET}
        berlin = berlin_of(shop, **own)
        async with topics_of(berlin), collecting(port) as collector:
            for role in CENTRE:
                shop.worker(role)
            env = environment(berlin, TEST_SIGNING=SECRET)
            shop.processes.append(
                start(["faust", "-A", "agents.dispatch", "worker", "-l", "warn"], env, tmp_path / "berlin.log")
            )
            await by_gateway(berlin, marks)
            await reachable(shop.settings.collect_port, lambda: True, 120)
            await by_server(shop.settings, marks, traceparent=PARENT)
            (door,) = await eventually(lambda: collector.of("default", "signed-1"), 120)
            spans = await eventually(lambda: len(found := collector.of("default", "berlin-1")) >= 5 and found, 120)
    assert (door[0].rpartition("-")[2], door[1].name) == ("collect", "door")
    assert [link.trace_id.hex() for link in door[1].links] == [PARENT.split("-")[1]], "a link, and no parent"
    assert not door[1].parent_span_id
    told = sorted((service, span.name) for service, span in spans)
    centre, client = shop.settings.namespace, berlin.namespace
    assert told == sorted(
        [(f"{client}-dispatch", "gateway")]
        + 2 * [(f"{centre}-gateway", "dispatch"), (f"{centre}-deliver", "attempt")]
    )
    by_id = {span.span_id: span for _, span in spans}
    session = span_id(trace_id("default", "berlin-1"), "session").to_bytes(8, "big")
    for _, span in spans:
        above = by_id[span.parent_span_id].name if span.name == "attempt" else span.parent_span_id
        assert above == ("dispatch" if span.name == "attempt" else session)
    assert not list(traces_of(shown_needles(marks), [("OTLP", raw) for raw in collector.raw]))
