"""What somebody looks at in the live view: filters and the pause, as the page's address has them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from multidict import MultiMapping

from sinks.topology import PLATFORMS
from streams.ledger.answers import LINE_KINDS
from streams.ledger.queries import RecentOf, Tenants

ROWS = (50, 100, 200)
MAX_TEXT = 200  # characters
TEXTS = ("tenant", "platform", "event_name", "text")


class LiveView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks at. Anything may stand in an address: what makes no sense counts as not given."""

    kinds: tuple[str, ...] = ()
    tenant: str = ""
    platform: str = ""
    event_name: str = ""
    text: str = ""
    rows: int = ROWS[1]
    paused: bool = False

    @classmethod
    def of(cls, query: MultiMapping[str]) -> LiveView:
        platform, rows = query.get("platform", ""), query.get("rows", "")
        return cls(
            kinds=tuple(kind for kind in LINE_KINDS if kind in query.getall("kind", [])),
            tenant=query.get("tenant", "")[:MAX_TEXT],
            platform=platform if platform in PLATFORMS else "",
            event_name=query.get("event_name", "").strip()[:MAX_TEXT],
            text=query.get("text", "").strip()[:MAX_TEXT],
            rows=int(rows) if rows in map(str, ROWS) else ROWS[1],
            paused=query.get("paused") == "1",
        )

    def address(self, **changed: Any) -> str:
        """The page's address that shows this, with changes."""
        view = msgspec.structs.replace(self, **changed)
        given: list[tuple[str, object]] = [("kind", kind) for kind in view.kinds]
        given += [(name, getattr(view, name)) for name in TEXTS if getattr(view, name)]
        given += [("rows", view.rows)] if view.rows != ROWS[1] else []
        given += [("paused", 1)] if view.paused else []
        return f"/live?{urlencode(given)}" if given else "/live"

    def query(self, tenants: Tenants) -> RecentOf:
        """`tenants` is the scope of whoever looks."""
        return RecentOf(
            kinds=self.kinds,
            tenant=self.tenant,
            platform=self.platform,
            event_name=self.event_name,
            text=self.text,
            limit=self.rows,
            tenants=tenants,
        )
