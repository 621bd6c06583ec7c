"""Visits of the whole way's tests, and what came of them."""

from __future__ import annotations

import time
import zlib
from typing import Any

from tests.site import Site

UA = "Mozilla/5.0 (X11; Linux x86_64)"


def event(session: str, number: int, name: str, **more: Any) -> dict[str, Any]:
    """`browser` is whose browser it is, by default one that no other session has."""
    browser = more.pop("browser", session)
    fbp = f"fb.1.1700000000000.{zlib.crc32(browser.encode())}"
    user = {"client_ip": "192.0.2.7", "client_user_agent": UA, "fbp": fbp}
    return {
        "event_id": f"{session}-{number}",
        "event_name": name,
        "timestamp": int(time.time()),
        "session_id": session,
        "event_source_url": "https://shop.example.com/p/1",
        "user_data": user | more.pop("user_data", {}),
        **more,
    }


def visit(session: str) -> list[dict[str, Any]]:
    bought = {
        "value": 59.9,
        "currency": "EUR",
        "order_id": f"o-{session}",
        "contents": [{"id": "1", "quantity": 1}],
    }
    return [
        event(session, 1, "PageView"),
        event(session, 2, "ViewContent", custom_data={"content_ids": ["1"], "content_type": "product"}),
        event(session, 3, "AddToCart", custom_data={"value": 59.9, "currency": "EUR", "content_ids": ["1"]}),
        event(session, 4, "Purchase", custom_data=bought, user_data={"em": "Jane.Doe@example.com", "fn": "Jane"}),
    ]


def taken(site: Site, *sessions: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(platform, event_id) -> ledger line, of these sessions."""
    lines = [line for line in site.ledger() if line["event_id"].rpartition("-")[0] in sessions]
    return {(line["platform"], line["event_id"]): line for line in lines}
