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
from streams.trace_ids import trace_id
from tests.e2e.visits import event
from tests.kafka import eventually
from tests.privacy import Marks, shown_needles, traces_of
from tests.site import free_port, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

BOUGHT = {"value": 5, "currency": "EUR", "contents": [{"id": "1", "quantity": 1}]}
TOLD_BY = {"door": "ingest", "session": "sessions", "dispatch": "dispatch", "attempt": "deliver"}
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
            spans = await eventually(lambda: len(found := collector.of("default", "t-2")) >= 7 and found, 60)
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
