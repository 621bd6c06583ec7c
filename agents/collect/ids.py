"""Event ids that the collector issues."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable

OF_REQUESTS = uuid.UUID("0f6c9b7e-2a41-5d0c-8a8b-6f7d3c1e9a54")  # namespace of ids made of a signed request's id


def uuid7(now_ms: int) -> str:
    """A UUID of version 7 (RFC 9562, 5.7): Unix milliseconds, then 74 bits of chance."""
    number = now_ms << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=number))


def by_chance(now_ms: int) -> Callable[[int], str]:
    return lambda _: uuid7(now_ms)


def by_request(key_id: str, webhook_id: str) -> Callable[[int], str]:
    """The same request sent again, after a lost answer, gives its events the same ids."""
    return lambda index: str(uuid.uuid5(OF_REQUESTS, f"{key_id}/{webhook_id}/{index}"))
