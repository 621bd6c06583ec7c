"""Jobs that tests of the platforms are made of. Everyone in them lives at example.com."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from streams.events import Batch, Enriched, Event, Job, Platform, UserData

NOW_MS = 1_795_500_000_000  # 2026-11-24T05:20:00Z


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


MARIA = UserData(
    em=(hashed("maria@example.com"),),
    ph=(hashed("15550100123"),),
    ph_e164=(hashed("+15550100123"),),
    fn=(hashed("maria"),),
    country=(hashed("us"),),
    country_code="us",
    external_id=(hashed("customer-7"),),
    fbp="fb.1.1795490000000.1098115397",
    fbc="fb.1.1795490000000.IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk",
    ttp="94e2a4j9-h3ss-k5y5-98cc-c84n745mk2b9",
    ttclid="E.C.P.CrEBhQzqfK",
    client_ip="2001:db8::1",
    client_user_agent="Mozilla/5.0 (X11; Linux x86_64)",
)
CART: dict[str, Any] = {
    "value": 42.5,
    "currency": "EUR",
    "contents": [{"id": "sku-1", "quantity": 2, "item_price": 21.25}],
    "content_ids": ["sku-1"],
    "content_type": "product",
    "order_id": "order-9",
    "num_items": 2,
}


def job(platform: Platform = "meta", event_id: str = "event-1", name: str = "Purchase", **changes: Any) -> Job:
    """A job that every platform takes at NOW_MS; `changes` are fields of its event."""
    event = Event(
        event_id=event_id,
        event_name=name,
        event_time_ms=NOW_MS - 1_800_400,
        tenant="default",
        session_id="session-1",
        event_source_url="https://shop.example.com/checkout",
        user=MARIA,
        custom_data=CART,
    )
    return Job(
        platform=platform,
        pixel_id="1234567890",
        event_name=name,
        batch_id="batch-1",
        event=msgspec.structs.replace(event, **changes),
    )


def batch_of(subject: Job, batch_id: str = "b", at_ms: int = NOW_MS) -> Batch:
    """A batch with the event of one job, flushed by it at `at_ms`."""
    return Batch(
        batch_id=batch_id,
        tenant=subject.event.tenant,
        session_id=subject.event.session_id,
        reason="purchase",
        partition=0,
        first_offset=0,
        opened_at_ms=at_ms,
        flushed_at_ms=at_ms,
        events=(Enriched(event=subject.event),),
    )
