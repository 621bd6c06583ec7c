"""Which events are traced, by which ids, and what happens without the extra."""

from __future__ import annotations

import sys

import pytest

from sinks.traces import TracesError, traces_of
from streams.settings import load_settings
from streams.trace_ids import sampled, span_id, trace_id, traceparent


def test_ids_are_functions_of_tenant_and_event_alone() -> None:
    trace = trace_id("shop", "order-1")
    assert trace == trace_id("shop", "order-1") != trace_id("other", "order-1")
    assert 0 < trace < 2**128
    stages = [
        span_id(trace, "door"),
        span_id(trace, "session"),
        span_id(trace, "dispatch", "meta|1"),
        span_id(trace, "dispatch", "tiktok|1"),
        *(span_id(trace, "attempt", "meta|1", number) for number in (1, 2)),
    ]
    assert len(set(stages)) == len(stages)
    assert all(0 < span < 2**64 for span in stages)
    assert span_id(trace, "door", "meta|1") == span_id(trace, "door"), "a job's parent is the event's one session"
    assert trace_id("shop", "\ud800") > 0, "whatever text an id is"


def test_the_share_of_events_that_is_traced_is_the_ratio_and_grows_with_it() -> None:
    events = [f"event-{n}" for n in range(20_000)]
    few, more = ({one for one in events if sampled("shop", one, ratio)} for ratio in (0.01, 0.1))
    assert 150 < len(few) < 250
    assert few < more
    assert not any(sampled("shop", one, 0) for one in events)
    assert all(sampled("shop", one, 1) for one in events)


def test_a_producers_own_context_is_read_when_it_is_one() -> None:
    good = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert traceparent(good) == (0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)
    zero = b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01"
    for bad in (
        b"",
        b"\xff",
        b"00-x-y-01",
        good[:50],
        b"ff" + good[2:],
        zero,
        good.replace(b"-01", b"").upper()[:40],
    ):
        assert traceparent(bad) is None


def test_nothing_is_imported_when_nothing_is_traced() -> None:
    assert traces_of(load_settings(otel_url=""), "ingest") is None


def test_without_the_extra_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sinks.traces_otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracesError, match=r"CAPI_OTEL_URL is set, but opentelemetry\.sdk.*capi-stream\[otel\]"):
        traces_of(load_settings(otel_url="http://127.0.0.1:1"), "missing")
