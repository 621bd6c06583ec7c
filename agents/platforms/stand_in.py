"""The stand-in itself, without HTTP: what it makes of one request, by its checks, its orders and its ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from agents.platforms.behaviour import Order, Orders
from agents.platforms.ledger import Ledger
from agents.platforms.meta_quality import match_quality
from agents.platforms.shapes import Answer, Checked, Platform, Problem, holds_email


class Post(msgspec.Struct, frozen=True):
    """A request to a platform. `root` is None when its body is no JSON object."""

    platform: Platform
    pixel_id: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    root: dict[str, Any] | None


class StandIn:
    """Both platforms in one. `now_s` is Unix seconds, given by tests that move time."""

    def __init__(self, state: Path | None, now_s: Callable[[], float]) -> None:
        self.ledger = Ledger(state)
        self.orders = Orders()
        self._now_s = now_s
        self._serial = count(1)

    def check(self, post: Post) -> Checked:
        """The request's events or its problem; leaks of personal data and tokens are counted even if refused."""
        checked = self._check(post)
        if checked.problem and checked.problem.privacy:
            self.ledger.count("privacy_violations", post.platform.NAME, self._now_ms())
        return checked

    def _check(self, post: Post) -> Checked:
        if post.root is None:
            return Checked(post.pixel_id).refuse(Problem(post.platform.INVALID, "not a JSON object"))
        checked = post.platform.check(post.root, post.pixel_id, self._now_s())
        if holds_email(post.body):
            checked.refuse(Problem(post.platform.INVALID, "a clear e-mail address", privacy=True))
        if "access_token" in post.query:
            checked.refuse(Problem(post.platform.INVALID, "a token in the URL", privacy=True))
        return checked

    def order_for(self, post: Post, checked: Checked) -> Order | None:
        event_ids = {event.event_id for event in checked.events}
        return self.orders.next_for(post.platform.NAME, post.pixel_id, event_ids)

    def answer(self, post: Post, checked: Checked, order: Order | None) -> Answer:
        """Status and body; what is answered with success is in the ledger by then."""
        status, body = self._answer(post, checked, order, f"stand-in-{next(self._serial)}")
        code = body.get("code") or body.get("error", {}).get("code") or "ok"
        self.ledger.note(post.platform.NAME, f"{status} {code}")
        return status, body

    def _answer(self, post: Post, checked: Checked, order: Order | None, trace_id: str) -> Answer:
        platform, mode = post.platform, order.mode if order else "ok"
        failures = {"429": platform.throttled, "500": platform.failed, "refuse_token": platform.refused_token}
        if order and mode in failures:
            status, body = failures[mode](trace_id)
            return order.status or status, body
        token = platform.token_of(post.headers)
        if not token:
            return platform.refused_token(trace_id)
        if order and mode == "ask_proof" and not platform.proven(post.root, token, order.app_secret):
            return platform.refused_proof(trace_id)
        if order and mode == "refuse_event":
            place = [order.means(event.event_id) for event in checked.events].index(True)
            checked.refuse(Problem(platform.INVALID, "refused by order", place))
        if checked.problem:
            return platform.refused(checked.problem, trace_id, order.named if order else False)
        self.ledger.take(platform.NAME, checked, self._now_ms())
        return platform.taken(len(checked.events), trace_id)

    def dictated(self, post: Post, checked: Checked, order: Order) -> None:
        """For `answer`: what the order says goes out, and the events count only when it says so too."""
        if order.accepted and not checked.problem:
            self.ledger.take(post.platform.NAME, checked, self._now_ms())
        self.ledger.note(post.platform.NAME, f"{order.status or 200} as ordered")

    def quality(self, post: Post, order: Order | None) -> Answer:
        """Meta's match quality of what it took for a pixel. Orders to refuse tokens or to fail count too."""
        trace_id = f"stand-in-{next(self._serial)}"
        if "access_token" in post.query:
            self.ledger.count("privacy_violations", post.platform.NAME, self._now_ms())
        if not post.platform.token_of(post.headers) or (order and order.mode == "refuse_token"):
            return post.platform.refused_token(trace_id)
        if order and order.mode in ("429", "500"):
            return post.platform.throttled(trace_id) if order.mode == "429" else post.platform.failed(trace_id)
        taken = [e for e in self.ledger.entries.values() if (e.platform, e.pixel) == ("meta", post.pixel_id)]
        return 200, match_quality((entry.event_name, entry.keys) for entry in taken)

    def leave_unanswered(self, post: Post, checked: Checked, order: Order) -> None:
        """For hang and reset: the events count only when the order says so."""
        if order.accepted and not checked.problem and post.platform.token_of(post.headers):
            self.ledger.take(post.platform.NAME, checked, self._now_ms())
        self.ledger.note(post.platform.NAME, order.mode)

    def reset(self) -> None:
        self.ledger.clear()
        self.orders.clear()

    def _now_ms(self) -> int:
        return int(self._now_s() * 1000)
