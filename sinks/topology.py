"""Names and shape of everything in RabbitMQ: pure, so that dispatch, deliver, doctor and the file agree.

```
capi_events (topic) ── meta.#   ─► meta_queue ───┐ reject, delivery-limit
                    └─ tiktok.# ─► tiktok_queue ─┴─► capi_dead (fanout) ─► capi_parked   (7 days)
capi_retry (headers: capi-rung) ─► retry_300s … retry_21600s ── after the delay ─► capi_return (topic)
capi_return ── meta.#, tiktok.# ─► the work queues, with the job's first routing key
nothing bound ─► capi_unrouted (fanout) ─► capi_unrouted
```
Measured and argued in docs/decisions/0007-rabbitmq-topology.md.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import msgspec

from sinks.platforms import PLATFORM_RULES

EXCHANGE_EVENTS = "capi_events"
EXCHANGE_RETRY = "capi_retry"
EXCHANGE_RETURN = "capi_return"
EXCHANGE_DEAD = "capi_dead"
EXCHANGE_UNROUTED = "capi_unrouted"
QUEUE_PARKED = "capi_parked"
QUEUE_UNROUTED = "capi_unrouted"
HEADER_RUNG = "capi-rung"

PLATFORMS: tuple[str, ...] = tuple(PLATFORM_RULES)
PARKED_TTL_S = 604_800  # both platforms refuse older events, and hashed identities are still personal data
DELIVERY_LIMIT = 50  # not 3: a worker that crashes with N jobs in hand raises the count of all N
UNLIMITED = 1_000_000  # reading parked jobs must not use them up; 3.x refuses -1, 4.x defaults to 20

# Event names whose routing key is not simply their words; all others are split at capitals.
SLUGS = {"ViewContent": "view", "CompletePayment": "purchase"}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_CHARACTERS = 64


class Ladder(Protocol):
    """The part of the settings that shapes the topology."""

    @property
    def retry_s(self) -> tuple[float, ...]: ...


class Rung(msgspec.Struct, frozen=True):
    """One delay. A job gets there by exchange `capi_retry` with header `capi-rung: <value>`."""

    delay_s: float

    @property
    def value(self) -> str:
        """`300s`, or `500ms` for parts of a second."""
        milliseconds = round(self.delay_s * 1000)
        return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"

    @property
    def queue(self) -> str:
        return f"retry_{self.value}"

    @property
    def headers(self) -> dict[str, str]:
        return {HEADER_RUNG: self.value}


def work_queue(platform: str) -> str:
    """`meta_queue`, `tiktok_queue`."""
    return f"{platform}_queue"


def event_slug(event_name: str) -> str:
    """`Purchase` -> `purchase`, `AddToCart` -> `add_to_cart`, `ViewContent` -> `view`; always `[a-z0-9_]+`."""
    words = SLUGS.get(event_name) or _WORD_START.sub("_", event_name)
    return _NOT_SLUG.sub("_", words.lower()).strip("_")[:_SLUG_CHARACTERS].rstrip("_") or "custom"


def routing_key(platform: str, event_name: str) -> str:
    """`meta.purchase`, `tiktok.view`: what audit taps bind to. Nothing of an event's name can widen it."""
    return f"{platform}.{event_slug(event_name)}"


def rungs(settings: Ladder) -> tuple[Rung, ...]:
    """Every delay once, in the ladder's order."""
    return tuple(Rung(delay_s) for delay_s in dict.fromkeys(settings.retry_s))


def rung_for(attempt: int, settings: Ladder, at_least_s: float = 0) -> Rung | None:
    """Where a job goes after attempt number `attempt` (from 1) failed; None when the ladder ends.

    `at_least_s` (Retry-After, an open breaker) skips shorter rungs; the longest is taken when none is enough.
    """
    left = settings.retry_s[attempt - 1 :]
    enough = (delay_s for delay_s in left if delay_s >= at_least_s)
    return Rung(next(enough, max(left))) if left else None


def definitions(settings: Ladder) -> dict[str, list[dict[str, Any]]]:
    """The whole topology as RabbitMQ's definitions document of one virtual host."""
    ladder = rungs(settings)
    return {
        "exchanges": _exchanges(),
        "queues": [_queue(name) for name in _queue_names(ladder)],
        "bindings": _bindings(ladder),
        "policies": [_alternate_policy(), _work_policy(), *map(_rung_policy, ladder), *_keeping_policies()],
    }


def _exchanges() -> list[dict[str, Any]]:
    kinds = {
        EXCHANGE_EVENTS: "topic",
        EXCHANGE_RETRY: "headers",
        EXCHANGE_RETURN: "topic",
        EXCHANGE_DEAD: "fanout",
        EXCHANGE_UNROUTED: "fanout",
    }
    fixed = {"durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return [{"name": name, "type": kind, **fixed} for name, kind in kinds.items()]


def _queue_names(ladder: tuple[Rung, ...]) -> list[str]:
    return [*map(work_queue, PLATFORMS), *(rung.queue for rung in ladder), QUEUE_PARKED, QUEUE_UNROUTED]


def _queue(name: str) -> dict[str, Any]:
    return {"name": name, "durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}


def _bindings(ladder: tuple[Rung, ...]) -> list[dict[str, Any]]:
    work = [
        _binding(source, work_queue(platform), f"{platform}.#")
        for source in (EXCHANGE_EVENTS, EXCHANGE_RETURN)
        for platform in PLATFORMS
    ]
    retry = [_binding(EXCHANGE_RETRY, r.queue, "", {"x-match": "all", **r.headers}) for r in ladder]
    ends = [_binding(EXCHANGE_DEAD, QUEUE_PARKED, ""), _binding(EXCHANGE_UNROUTED, QUEUE_UNROUTED, "")]
    return work + retry + ends


def _binding(source: str, queue: str, key: str, arguments: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "source": source,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": arguments or {},
    }


def _policy(name: str, pattern: str, definition: dict[str, Any], apply_to: str = "queues") -> dict[str, Any]:
    return {"name": name, "pattern": pattern, "apply-to": apply_to, "priority": 10, "definition": definition}


def _alternate_policy() -> dict[str, Any]:
    # every exchange, so that no mistake in a key or header can lose a job, whatever flags the publisher set
    pattern = "^capi_(events|retry|return|dead)$"
    return _policy("capi-alternate", pattern, {"alternate-exchange": EXCHANGE_UNROUTED}, "exchanges")


def _dead_letter(exchange: str) -> dict[str, Any]:
    # at-least-once silently falls back to at-most-once unless overflow is reject-publish
    return {
        "dead-letter-exchange": exchange,
        "dead-letter-strategy": "at-least-once",
        "overflow": "reject-publish",
    }


def _work_policy() -> dict[str, Any]:
    pattern = f"^({'|'.join(PLATFORMS)})_queue$"
    return _policy("capi-work", pattern, _dead_letter(EXCHANGE_DEAD) | {"delivery-limit": DELIVERY_LIMIT})


def _rung_policy(rung: Rung) -> dict[str, Any]:
    ttl = {"message-ttl": round(rung.delay_s * 1000)}
    return _policy(f"capi-{rung.queue}", f"^{rung.queue}$", _dead_letter(EXCHANGE_RETURN) | ttl)


def _keeping_policies() -> list[dict[str, Any]]:
    keep = {"message-ttl": PARKED_TTL_S * 1000, "delivery-limit": UNLIMITED}
    return [_policy(f"capi-keep-{name[5:]}", f"^{name}$", keep) for name in (QUEUE_PARKED, QUEUE_UNROUTED)]
