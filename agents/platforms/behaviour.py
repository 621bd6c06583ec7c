"""How the stand-in misbehaves: orders that are matched against each request, newest first."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec

Mode = Literal["ok", "429", "500", "hang", "reset", "slow", "refuse_token", "refuse_event", "ask_proof", "answer"]


class Order(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One order. Without `platform` or `pixel` it is for every one; without `times` it stands until replaced.

    `hang` keeps silent for `seconds`, then closes the connection; `slow` answers properly after `seconds`; `reset`
    closes the connection once the request was read. `refuse_event` refuses batches that hold `event_id`, or an
    event of the kind that is one `one_in` many (by its id), naming its index when `named`. `ask_proof` refuses
    calls to Meta without the proof of `app_secret`. `answer` says `status`, `headers` and `body` byte for byte, to
    every batch or to those that hold `event_id`. `accepted` says that hang, reset and answer take the events all
    the same. `status` also replaces the HTTP status of 429, 500 and refuse_token: Meta throttles with 400 and 403
    too.
    """

    mode: Mode
    platform: Annotated[str, msgspec.Meta(pattern="^(meta|tiktok)?$")] = ""
    pixel: str = ""
    event_id: str = ""
    app_secret: str = ""
    one_in: Annotated[int, msgspec.Meta(ge=1)] | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = None
    retry_after_s: Annotated[int, msgspec.Meta(ge=0)] | None = None
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None
    headers: dict[str, str] = {}
    body: str = ""
    accepted: bool = False
    named: bool = False

    def __post_init__(self) -> None:
        if self.one_in and self.mode != "refuse_event":
            raise ValueError("only refuse_event takes one_in")
        if self.mode == "refuse_event" and bool(self.event_id) == bool(self.one_in):
            raise ValueError("refuse_event needs an event_id or one_in")
        if (self.mode == "ask_proof") != bool(self.app_secret):
            raise ValueError("ask_proof needs an app_secret, and only ask_proof takes one")
        if self.event_id and self.mode not in ("refuse_event", "answer"):
            raise ValueError("only refuse_event and answer take an event_id")
        if (self.headers or self.body) and self.mode != "answer":
            raise ValueError("only answer takes headers and a body")

    def covers(self, platform: str, pixel: str) -> bool:
        return self.platform in ("", platform) and self.pixel in ("", pixel)

    def meets(self, event_ids: Iterable[str]) -> bool:
        """Whether it is for a request with these events."""
        return not (self.event_id or self.one_in) or any(map(self.means, event_ids))

    def means(self, event_id: str) -> bool:
        """Whether this event is the one that it is about."""
        if self.one_in:
            return zlib.crc32(event_id.encode(errors="replace")) % self.one_in == 0
        return event_id == self.event_id


class Orders:
    """The standing orders."""

    def __init__(self) -> None:
        self.standing: list[Order] = []

    def give(self, order: Order) -> None:
        """Put an order in force. `ok` ends all orders that are not for another platform or pixel."""
        if order.mode == "ok":
            self.standing = [other for other in self.standing if not order.covers(other.platform, other.pixel)]
        else:
            self.standing.append(order)

    def clear(self) -> None:
        self.standing.clear()

    def next_for(self, platform: str, pixel: str, event_ids: set[str]) -> Order | None:
        """The newest order that this request meets, one of its times used up."""
        for order in reversed(self.standing):
            if order.covers(platform, pixel) and order.meets(event_ids):
                self._use(order)
                return order
        return None

    def _use(self, order: Order) -> None:
        if order.times is None:
            return
        order.times -= 1
        if order.times == 0:
            self.standing = [other for other in self.standing if other is not order]
