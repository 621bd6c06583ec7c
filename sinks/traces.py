"""Spans of sampled events, to an OpenTelemetry collector by OTLP over HTTP. The extra `otel` brings what it takes.

Spans are told when they are over, with times that the records know; nothing is open meanwhile. Attributes are
names and numbers of ours: no URL, no user data, no token.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Protocol

from streams.settings import Settings
from streams.trace_ids import Stage

Attributes = Mapping[str, str | int | float | bool]


class TracesError(Exception):
    """CAPI_OTEL_URL is set and cannot be used; the message says what to do."""


class Traces(Protocol):
    """None stands for it where nothing is traced: callers ask once whether there is one."""

    def wants(self, tenant: str, event_id: str) -> bool:
        """Whether this event is traced; `tell` asks by itself, who calls it for many events asks first."""

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
        """A stage of an event is over. Unix milliseconds; `link` is a producer's own W3C traceparent."""


def traces_of(settings: Settings, role: str) -> Traces | None:
    """None when CAPI_OTEL_URL is empty; nothing of OpenTelemetry is imported then. Raises TracesError."""
    if not settings.otel_url:
        return None
    return _made(settings.otel_url, settings.otel_ratio, f"{settings.namespace}-{role}")


@cache
def _made(url: str, ratio: float, service: str) -> Traces:
    try:
        made: Traces = import_module("sinks.traces_otel").OtelTraces(url, ratio, service)
    except ModuleNotFoundError as error:
        raise TracesError(
            f"CAPI_OTEL_URL is set, but {error.name} is not there: pip install 'capi-stream[otel]', or unset it"
        ) from None
    return made
