"""A made-up event for trying a pixel out, and where trying is free. Pure."""

from __future__ import annotations

from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sinks.jobs import job_for
from streams.events import Enriched, Event, Job, UserData
from streams.tenants import Destination

# example.com and 192.0.2.0/24 belong to nobody (RFC 2606, RFC 5737)
NOBODY = UserData(
    em=(sha256(b"test@example.com").hexdigest(),),
    external_id=(sha256(b"capi-dest-test").hexdigest(),),
    client_ip="192.0.2.1",
    client_user_agent="Mozilla/5.0 (X11; Linux x86_64) capi-dest-test",
)
BASKET: dict[str, Any] = {
    "value": 1.0,
    "currency": "USD",
    "content_type": "product",
    "content_ids": ["capi-dest-test"],
    "contents": [{"id": "capi-dest-test", "quantity": 1, "item_price": 1.0}],
}


def sample_job(destination: Destination, tenant: str, event_name: str, at_ms: int) -> Job | None:
    """One event of nobody's at `at_ms`; None when the destination does not take events of this name."""
    event = Event(
        event_id=f"capi-dest-test-{at_ms}",
        event_name=event_name,
        event_time_ms=at_ms,
        tenant=tenant,
        session_id="capi-dest-test",
        event_source_url="https://shop.example.com/",
        user=NOBODY,
        custom_data=BASKET,
    )
    return job_for(Enriched(event=event), destination, "capi-dest-test")


def on_this_machine(url: str) -> bool:
    """Whether a platform's address is a stand-in's: then nothing real can be touched by a test."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
