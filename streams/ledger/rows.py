"""How the ledger stores what it knows: rows of one table, keyed by bytes that begin with their kind.

| key                             | value    | holds                                                          |
|---------------------------------|----------|----------------------------------------------------------------|
| `v<page>|tenant|session`        | Page     | up to PAGE_EVENTS events that left the session, jobs, attempts |
| `m|partition|at_ms|tenant`      | Sums     | counters of a minute, by platform and pixel                    |
| `h|partition|at_ms|tenant`      | Sums     | the same of an hour                                            |
| `q|partition|at_ms|tenant`      | Sums     | quality of an hour, by `platform NUL pixel` and event name     |
| `k|partition|at_ms|tenant`      | Sums     | rejects of an hour, by platform and `reason NUL field`         |
| `r|partition|digest`            | a reject | one of the newest                                              |
| `a|partition|note_id`           | Noted    | an entry of the audit                                          |
| `x|partition`                   | Erased   | whose events are not to be remembered any more                 |

The partition is in the key of what every partition counts for itself. A Page is written anew at each change, so
it is small: a long visit has several. Times in a page count from its `base_ms`, words are numbers in its `words`;
`v` is the format, and fields are only ever added, at the end.
"""

from __future__ import annotations

import msgspec

from streams.ledger.answers import RejectSeen

PAGE_EVENTS, PAGES = 32, 16  # so 512 events of one session
NOTHING = -1  # no such word, batch or person


class AttemptRow(msgspec.Struct, array_like=True):
    at: int
    attempt: int
    outcome: int
    code: int
    why: int
    trace_id: str
    http_status: int
    latency_ms: int
    retry_in_s: float
    parked: bool
    age_ms: int


class JobRow(msgspec.Struct, array_like=True):
    """`queued` is None as long as only outcomes were heard of. `score` in hundredths."""

    platform: int
    pixel: int
    name: int
    queued: int | None = None
    score: int = 0
    attempts: list[AttemptRow] = []


class BatchRow(msgspec.Struct, array_like=True):
    batch_id: str
    opened: int
    flushed: int
    reason: int
    partition: int
    offset: int


class EventRow(msgspec.Struct, array_like=True):
    """`fields` is a set of bits by USER_FIELDS; `backfilled` a flat list of field number, word of its source."""

    event_id: str
    jobs: list[JobRow] = []
    batch: int = NOTHING
    name: int = NOTHING
    time: int = 0
    received: int = 0
    consent: int = NOTHING
    fired: list[int] = []
    person: int = NOTHING
    fields: int = 0
    backfilled: list[int] = []


class Page(msgspec.Struct, array_like=True, tag_field="v", tag=1):
    """`at_ms`: log time at which it was heard of last. `people`: digests' first bytes by field number."""

    at_ms: int
    base_ms: int
    words: list[str] = []
    people: list[list[tuple[int, bytes]]] = []
    batches: list[BatchRow] = []
    events: list[EventRow] = []


class PageHead(msgspec.Struct, array_like=True, tag_field="v", tag=1):
    """What expiry asks of a page."""

    at_ms: int


class Sums(msgspec.Struct, array_like=True, tag_field="v", tag=1):
    parts: list[tuple[str, str, dict[str, int]]] = []


class Erased(msgspec.Struct, array_like=True, tag_field="v", tag=1):
    """(tenant, field number, first bytes of the digest, log time of the erasure)."""

    people: list[tuple[str, int, bytes, int]] = []


_encode = msgspec.msgpack.Encoder().encode
decode_page = msgspec.msgpack.Decoder(Page).decode
decode_head = msgspec.msgpack.Decoder(PageHead).decode
decode_sums = msgspec.msgpack.Decoder(Sums).decode
decode_erased = msgspec.msgpack.Decoder(Erased).decode
decode_reject_row = msgspec.msgpack.Decoder(RejectSeen).decode


def encode_row(value: object) -> bytes:
    """A copy of its exact size: msgspec's own has up to half as much again of its buffer behind it."""
    return bytes(memoryview(_encode(value)))


def page_key(session: bytes, number: int) -> bytes:
    """`session` is `tenant|session_id`."""
    return b"v%d|%b" % (number, session)


def session_of(key: bytes) -> bytes:
    return key.partition(b"|")[2]


def pixel_label(platform: str, pixel_id: str) -> str:
    return f"{platform}\0{pixel_id}"


def pixel_of(label: str) -> tuple[str, str]:
    """Platform and pixel; the pixel is "" in rows of a release that added a platform's pixels up."""
    platform, _, pixel_id = label.partition("\0")
    return platform, pixel_id


def sums_key(kind: str, partition: int, at_ms: int, tenant: str) -> bytes:
    return f"{kind}|{partition}|{at_ms}|{tenant}".encode()


def sums_of(key: bytes) -> tuple[str, int, str]:
    """Kind, time and tenant of a key of sums."""
    kind, _, at_ms, tenant = key.decode().split("|", 3)
    return kind, int(at_ms), tenant
