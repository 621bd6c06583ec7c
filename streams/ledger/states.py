"""What attempts come to, and what a count is called. Pure.

Twins (docs/platforms.md; Meta "Deduplicate pixel and server events", TikTok "Event deduplication", read November
2026): a server copy within 5 minutes of the browser's is merged with it, within 48 hours discarded, later counted
as a second event.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

from streams.ledger.answers import AGE_BOUNDS_S, POST_BOUNDS_MS, AttemptTrace, JobState

DROPPED = "dropped"  # code of the outcome of a job that a person dropped (sinks/deliver/policy.py)
ACKNOWLEDGED = ("delivered", "duplicate")
MERGED_MS, DISCARDED_MS = 300_000, 172_800_000
AGE_NAMES = (*(f"age_{bound}" for bound in AGE_BOUNDS_S), "age_more")
AGE_BOUNDS_MS = tuple(bound * 1000 for bound in AGE_BOUNDS_S)
POST_NAMES = (*(f"post_{bound}" for bound in POST_BOUNDS_MS), "post_more")
PREFIX_BYTES, SHOWN_DIGITS = 6, 8


def state_of(attempts: Sequence[AttemptTrace]) -> JobState:
    """`attempts` by time. What a platform took once is delivered, whatever was tried afterwards."""
    if not attempts:
        return "queued"
    if any(each.outcome in ACKNOWLEDGED for each in attempts):
        return "delivered"
    last = attempts[-1]
    if last.code == DROPPED:
        return "dropped"
    if last.parked:
        return "parked"
    if last.outcome == "invalid":
        return "dropped"  # CAPI_INVALID=discard
    return "waiting" if last.outcome == "misconfigured" else "retry"


def age_name(age_ms: int) -> str:
    return AGE_NAMES[bisect_left(AGE_BOUNDS_MS, age_ms)]


def post_name(latency_ms: int) -> str:
    return POST_NAMES[bisect_left(POST_BOUNDS_MS, latency_ms)]


def twin(platform: str, fired: Sequence[str], age_ms: int) -> Literal["merged", "discarded", "twice", "alone"]:
    """What becomes of a server copy that was delivered `age_ms` after its event."""
    if platform not in fired:
        return "alone"
    if age_ms <= MERGED_MS:
        return "merged"
    return "discarded" if age_ms <= DISCARDED_MS else "twice"


def prefix(digest: str) -> bytes:
    """The first bytes of a digest; of anything else those of its own digest, so that nothing clear is kept."""
    try:
        return bytes.fromhex(digest[: 2 * PREFIX_BYTES])
    except ValueError:
        return sha256(digest.encode(errors="replace")).digest()[:PREFIX_BYTES]
