"""The OpenTelemetry side of :mod:`sinks.traces`: its SDK, given our ids. Imported only when traces are wanted."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from sinks.traces import Attributes
from streams.trace_ids import PARENTS, Stage, sampled, span_id, trace_id, traceparent

EXPORT_TIMEOUT_S = 3
EVERY_MS = 1_000
NS_PER_MS = 1_000_000


class GivenIds(IdGenerator):
    """The ids of the next span, set just before it is begun."""

    trace = span = 0

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span


class OtelTraces:
    """For one event loop. Spans that the collector does not take are dropped, and the SDK says so."""

    def __init__(self, url: str, ratio: float, service: str) -> None:
        self._ratio, self._ids = ratio, GivenIds()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # whether an event is sampled is decided before
            id_generator=self._ids,
            resource=Resource.create({SERVICE_NAME: service}),
        )
        exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EVERY_MS))
        self._tracer = self._provider.get_tracer("capi-stream")

    def wants(self, tenant: str, event_id: str) -> bool:
        return sampled(tenant, event_id, self._ratio)

    def tell(
        self,
        stage: Stage,
        tenant: str,
        event_id: str,
        start_ms: int,
        end_ms: int,
        attributes: Attributes,
        *,
        destination: str = "",
        attempt: int = 0,
        failed: bool = False,
        link: bytes = b"",
    ) -> None:
        if not self.wants(tenant, event_id):
            return
        trace = trace_id(tenant, event_id)
        parent = PARENTS.get(stage)
        self._ids.trace, self._ids.span = trace, span_id(trace, stage, destination, attempt)
        span = self._tracer.start_span(
            stage,
            context=None if parent is None else _inside(trace, span_id(trace, parent, destination)),
            attributes={"capi.tenant": tenant, "capi.event_id": event_id, **attributes},
            links=_links(link),
            start_time=start_ms * NS_PER_MS,
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(max(start_ms, end_ms) * NS_PER_MS)


def _context(trace: int, span: int) -> SpanContext:
    return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _inside(trace: int, parent: int) -> Context:
    return set_span_in_context(NonRecordingSpan(_context(trace, parent)))


def _links(header: bytes) -> list[Link]:
    found = traceparent(header) if header else None
    return [Link(_context(*found))] if found else []
