"""Parked jobs for people: grouped by reason, or one by one without anything personal. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import msgspec

from sinks.parked.messages import Parked
from streams.events import USER_FIELDS, Event

HASH_CHARACTERS = 8
PLAIN_DATA = ("value", "currency", "num_items", "content_type", "content_ids")


class Group(msgspec.Struct, kw_only=True):
    """All that was parked for one reason. Times are Unix ms, 0 when unknown."""

    status: str
    why: str
    count: int = 0
    oldest_ms: int = 0
    newest_ms: int = 0
    pixels: Counter[str] = msgspec.field(default_factory=Counter)


class Groups:
    """Adds up parked jobs by reason."""

    def __init__(self) -> None:
        self._by_reason: dict[tuple[str, str], Group] = {}

    def add(self, parked: Parked) -> None:
        reason = (parked.status, parked.why)
        group = self._by_reason.setdefault(reason, Group(status=parked.status, why=parked.why))
        group.count += 1
        group.pixels[parked.pixel] += 1
        if at_ms := parked.since_ms:
            group.oldest_ms = min(group.oldest_ms or at_ms, at_ms)
            group.newest_ms = max(group.newest_ms, at_ms)

    @property
    def count(self) -> int:
        return sum(group.count for group in self._by_reason.values())

    def largest_first(self) -> list[Group]:
        return sorted(self._by_reason.values(), key=lambda group: (-group.count, group.status, group.why))


def shown(parked: Parked) -> dict[str, Any]:
    """What may be printed. Hashes are cut to 8 digits, whatever is clear is only said to be there."""
    story = {
        "status": parked.status,
        "why": parked.why,
        "attempt": parked.attempt,
        "since_ms": parked.since_ms,
        "replayed_ms": parked.replayed_ms,
        "routing_key": parked.routing_key,
        "bytes": len(parked.body),
    }
    if parked.job is None:
        return story | {"job": None}
    job = parked.job
    about = {
        "platform": job.platform,
        "pixel_id": job.pixel_id,
        "event_name": job.event_name,
        "batch_id": job.batch_id,
        "backfilled": list(job.backfilled),
    }
    return story | {"job": about | {"event": _event(job.event)}}


def _event(event: Event) -> dict[str, Any]:
    members = {
        "event_id": event.event_id,
        "event_name": event.event_name,
        "event_time_ms": event.event_time_ms,
        "tenant": event.tenant,
        "session_id": event.session_id,
        "action_source": event.action_source,
        "event_source_url": _site(event.event_source_url),
        "consent": event.consent,
        "user": {field: _brief(value) for field in USER_FIELDS if (value := getattr(event.user, field))},
        "custom_data": {
            name: value if name in PLAIN_DATA else "(set)" for name, value in event.custom_data.items()
        },
    }
    return {name: value for name, value in members.items() if value not in ("", {})}


def _brief(value: str | tuple[str, ...]) -> str | list[str]:
    return [f"{digest[:HASH_CHARACTERS]}…" for digest in value] if isinstance(value, tuple) else "(set)"


def _site(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    return f"{host}/…" if host else ""
