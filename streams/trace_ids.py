"""Which events are traced, and by which ids: functions of tenant and event id. Pure.

An event waits in sessions for minutes, in queues for hours, and comes again after a crash. No context travels with
it: every role that meets it computes the same ids and decides alike, also after a restart, and a span that is told
twice is the same span.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal
from zlib import crc32

Stage = Literal["door", "session", "gateway", "dispatch", "attempt"]
PARENTS: dict[Stage, Stage] = {
    "session": "door",
    "gateway": "session",  # from a client site to the central one, beside what comes of it there
    "dispatch": "session",
    "attempt": "dispatch",
}
PER_DESTINATION = ("dispatch", "attempt")


def trace_id(tenant: str, event_id: str) -> int:
    """128 bits, never 0."""
    return _digest(f"trace|{tenant}|{event_id}", 16)


def sampled(tenant: str, event_id: str, ratio: float) -> bool:
    """Asked for every event, so by a cheap hash: 0.3 us where that of the trace id takes 0.8."""
    return crc32(f"{tenant}|{event_id}".encode(errors="replace")) < ratio * 2**32


def span_id(trace: int, stage: Stage, destination: str = "", attempt: int = 0) -> int:
    """64 bits, never 0. `destination` is `platform|pixel_id`; door and session are before there is one."""
    own = destination if stage in PER_DESTINATION else ""
    return _digest(f"{trace:032x}|{stage}|{own}|{attempt}", 8)


def traceparent(header: bytes) -> tuple[int, int] | None:
    """Trace and span id of a W3C `traceparent`, None for what is none."""
    version, _, rest = header.decode("ascii", "replace").partition("-")
    trace, _, rest = rest.partition("-")
    span = rest.partition("-")[0]
    try:
        found = int(trace, 16), int(span, 16)
    except ValueError:
        return None
    well_formed = (len(version), len(trace), len(span)) == (2, 32, 16) and version != "ff" and all(found)
    return found if well_formed else None


def _digest(text: str, size: int) -> int:
    return int.from_bytes(sha256(text.encode(errors="replace")).digest()[:size]) or 1
