"""Ways of events, for tests: a purchase at NOON that took its course, to be changed where a test wants."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from streams.ledger.answers import AttemptTrace, EventTrace, JobTrace, RejectSeen

NOON_MS = 1_764_072_000_000

PURCHASE = EventTrace(
    tenant="shop",
    session_id="visit-1",
    event_id="order-1",
    event_name="Purchase",
    event_time_ms=NOON_MS,
    received_ms=NOON_MS + 800,
    opened_ms=NOON_MS - 60_000,
    flushed_ms=NOON_MS + 900,
    reason="purchase",
    batch_id="b1",
    partition=1,
    offset=7,
    browser_fired=("meta",),
    fields=("em", "fbp"),
    backfilled={"em": "login-1", "ph": "login-1", "fbp": "visitor:external_id"},
)


def job(platform: str = "meta", **more: Any) -> JobTrace:
    made = JobTrace(
        platform=platform,
        pixel_id="11",
        event_name="Purchase",
        queued_ms=NOON_MS + 1_000,
        score=8.2,
        age_ms=2_000,
    )
    return structs.replace(made, **more)


def attempt(outcome: str, **more: Any) -> AttemptTrace:
    made = AttemptTrace(at_ms=NOON_MS + 2_000, attempt=1, outcome=outcome, trace_id="T1", latency_ms=45)
    return structs.replace(made, **more)


def delivered(platform: str = "meta", **more: Any) -> JobTrace:
    return job(platform, state="delivered", attempts=(attempt("delivered"),), **more)


def purchase(*jobs: JobTrace, **more: Any) -> EventTrace:
    return structs.replace(PURCHASE, jobs=jobs, **more)


def reject(**more: Any) -> RejectSeen:
    made = RejectSeen(
        at_ms=NOON_MS + 1_100,
        reason="a Purchase needs a currency",
        topic="capi.batches",
        partition=0,
        offset=3,
        field="custom_data.currency",
        fix="send an ISO 4217 code",
        tenant="shop",
        event_id="order-1",
    )
    return structs.replace(made, **more)
