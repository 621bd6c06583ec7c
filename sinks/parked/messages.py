"""What lies in `capi_parked`: jobs that were given up, with the reason in their headers. Pure.

Our worker parks with own headers (see :mod:`sinks.deliver.letters`). RabbitMQ itself parks what a worker rejected
or what came back too often (`x-death`, reason `rejected` or `delivery_limit`).
What is no job is parked as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from sinks.deliver.letters import ATTEMPT, FIRST_SEEN, LAST_ERROR, LAST_STATUS
from sinks.replay.fresh import REPLAYED
from sinks.replay.wanted import Wanted
from streams.events import UNREADABLE, Job, decode_job


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """One parked message. `job` is None for what is no job; times are Unix ms, 0 when unknown.

    `status` is a class and a code (`invalid 100/2804050`), `unreadable`, or RabbitMQ's word. `since_ms` is when
    delivery first had the job in hand.
    """

    job: Job | None
    status: str
    why: str
    attempt: int
    since_ms: int
    replayed_ms: int
    routing_key: str
    body: bytes

    @property
    def pixel(self) -> str:
        """`meta:1234567890`; of what is no job only the platform is known, by its routing key."""
        if self.job is None:
            return f"{self.routing_key.partition('.')[0]}:?"
        return f"{self.job.platform}:{self.job.pixel_id}"


class ParkedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filters that must all hold; times are compared with `since_ms`, from `since_ms` on and before `until_ms`.

    `reason` is a part of status and explanation, in any case. `tenants`: whose may be seen at all, None
    for everybody's; what is no job is nobody's.
    """

    jobs: Wanted = Wanted()
    reason: str = ""
    since_ms: int = 0
    until_ms: int = 0
    tenants: tuple[str, ...] | None = None

    @property
    def everything(self) -> bool:
        return self == ParkedFilter()

    def takes(self, parked: Parked) -> bool:
        if not (self.jobs.everything if parked.job is None else self.jobs.takes(parked.job)):
            return False
        if self.tenants is not None and (parked.job is None or parked.job.event.tenant not in self.tenants):
            return False
        if self.reason.lower() not in f"{parked.status}: {parked.why}".lower():
            return False
        return parked.since_ms >= self.since_ms and (not self.until_ms or 0 < parked.since_ms < self.until_ms)


def read_parked(body: bytes, headers: Mapping[str, Any], routing_key: str) -> Parked:
    """Takes anything."""
    death = _death(headers)
    status, why = _reason(headers, death)
    return Parked(
        job=_job(body),
        status=status,
        why=why,
        attempt=_number(headers, ATTEMPT),
        since_ms=_number(headers, FIRST_SEEN) or _time_ms(death.get("time")),
        replayed_ms=_number(headers, REPLAYED),
        routing_key=routing_key,
        body=body,
    )


def _job(body: bytes) -> Job | None:
    try:
        return decode_job(body)
    except UNREADABLE:
        return None


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    # ours are stripped of it when they are parked, so it tells who parked
    deaths = headers.get("x-death")
    latest = deaths[0] if isinstance(deaths, list) and deaths else {}
    return latest if isinstance(latest, dict) else {}


def _reason(headers: Mapping[str, Any], death: Mapping[str, Any]) -> tuple[str, str]:
    if death:
        return str(death.get("reason", "unknown")), f"by RabbitMQ, from {death.get('queue', '?')}"
    return str(headers.get(LAST_STATUS, "unknown")), str(headers.get(LAST_ERROR, ""))


def _time_ms(value: object) -> int:
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else 0


def _number(headers: Mapping[str, Any], name: str) -> int:
    value = headers.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
