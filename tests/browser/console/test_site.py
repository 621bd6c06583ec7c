"""The console of a whole site: a visit that is sent shows up."""

from __future__ import annotations

import time

import pytest

from tests.browser.console.conftest import Paging
from tests.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.asyncio(loop_scope="session")]


async def test_a_purchase_can_be_traced_to_its_delivery(console_site: Site, console_page: Paging) -> None:
    event = {"event_name": "Purchase", "event_id": "order-1001", "session_id": "visit-1", "timestamp": time.time()}
    custom = {"custom_data": {"value": 59.9, "currency": "EUR"}}
    user = {
        "user_data": {"em": "ada@example.com", "client_ip": "198.51.100.7", "client_user_agent": "Mozilla/5.0"}
    }
    where = {"event_source_url": "https://shop.example.com/thanks"}
    await console_site.produce(event | custom | user | where)
    page = await console_page("viewer")
    deadline = time.monotonic() + 60
    while await page.get_by_text("Delivered to Meta").count() == 0:
        assert time.monotonic() < deadline, console_site.logs()
        await page.goto("/search?q=order-1001")
    assert "/trace?event_id=order-1001" in page.url
    assert "ada@example.com" not in await page.content()
