"""What is kept of one session between two records of the log, and what bounds it.

A stored value names its format, `v`. Fields are only ever added: at their default they are not stored, and the
values in lists (`array_like`) grow at their end, so that workers of two versions can share a changelog.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.events import Consent, FlushReason, Record, UserField
from streams.tenants import Hold


class Limits(Record, frozen=True):
    """What bounds a window. Times in milliseconds of log time, `max_bytes` of encoded events.

    `remembers`: the tenant wants returning visitors to be known; `recall_ms`: how long a flush waits for that.
    """

    idle_ms: int = 1_800_000
    max_age_ms: int = 14_400_000
    grace_ms: int = 600_000
    merge_ms: int = 240_000
    recall_ms: int = 5_000
    max_events: int = 500
    max_bytes: int = 262_144
    flush_on: frozenset[str] = frozenset({"Purchase"})
    hold: Hold = "session"
    default_consent: Consent = "granted"
    remembers: bool = False


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that waits: its place and time in the log, and its bytes as they came."""

    offset: int
    at_ms: int
    fired: bool  # a browser copy was sent
    event_id: str
    raw: msgspec.Raw
    limited: bool = False  # came under limited consent


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One identity field and the event that brought it, `visitor:<kind>` when an earlier visit did."""

    value: str | tuple[str, ...]
    event_id: str


class Click(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A click on an ad: what is sent of it, when it was first seen (Unix ms), and the event that brought it."""

    field: Literal["fbc", "ttclid"]
    value: str
    first_ms: int
    event_id: str


class Recall(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a session asked of the memory of returning visitors.

    `visitor` was asked for last, at log time `at_ms`. While the session `waits`, an answer to `ask_id` counts.
    `replaced`: someone else logged in, so what is remembered of the browser is not of this person.
    """

    ask_id: int = 0
    visitor: str = ""
    at_ms: int = 0
    waits: bool = False
    replaced: bool = False


class Leaving(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A flush that waits for the memory's answer, at the latest until log time `at_ms`."""

    reason: FlushReason
    at_ms: int


class Session(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False, tag_field="v", tag=1):
    """State of one key. `size` is the sum of the held bytes.

    `v` in the stored value is its format: a value of another format is refused (msgspec.ValidationError), not
    misread, when a worker of an older version meets it. `consent` is the last word said, "" when none was.
    `recalled` is what earlier visits told, apart from `identity`, because it counts only as long as nothing
    contradicts it. `forgotten` are digests of the visitors that the memory was told to forget.
    """

    last_at_ms: int
    last_offset: int
    size: int = 0
    held: tuple[Held, ...] = ()
    seen: tuple[str, ...] = ()
    identity: dict[UserField, Known] = {}
    consent: Consent = ""
    clicks: tuple[Click, ...] = ()
    recalled: dict[UserField, Known] = {}
    recall: Recall | None = None
    leaving: Leaving | None = None
    forgotten: tuple[str, ...] = ()


encode_session = msgspec.json.Encoder().encode
decode_session = msgspec.json.Decoder(Session).decode
