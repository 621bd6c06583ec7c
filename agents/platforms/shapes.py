"""What both platforms' checks are made of: the values they return, and the shapes they look for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec
import pycountry

WEEK_S = 7 * 86_400
FUTURE_SLACK_S = 60
MAX_EVENTS = 1000

NO_CURRENCIES = {"XTS", "XXX"}  # ISO's codes for tests and for none
ISO_4217 = frozenset(currency.alpha_3 for currency in pycountry.currencies) - NO_CURRENCIES

_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_EMAIL = re.compile(rb"[A-Za-z0-9._%+-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}\.[A-Za-z]{2,}")


class Seen(msgspec.Struct, frozen=True):
    """One event as the ledger needs it: no values of match keys, only their names."""

    event_id: str
    event_name: str
    event_time_s: int
    keys: tuple[str, ...]


class Problem(msgspec.Struct, frozen=True):
    """Why a whole request is refused. `code` is Meta's subcode or TikTok's code; `index` the event at fault."""

    code: int
    why: str
    index: int | None = None
    privacy: bool = False


class Checked(msgspec.Struct):
    """A request after its check: all of `events` are taken, or none when there is a `problem`."""

    pixel_id: str
    events: list[Seen] = msgspec.field(default_factory=list)
    problem: Problem | None = None
    unknown_keys: Counter[str] = msgspec.field(default_factory=Counter)

    def refuse(self, problem: Problem) -> Checked:
        """The same request, refused."""
        self.events, self.problem = [], problem
        return self


Answer = tuple[int, dict[str, Any]]


class Platform(Protocol):
    """What the modules meta and tiktok offer. Answers are an HTTP status and a JSON object."""

    @property
    def NAME(self) -> str: ...  # noqa: N802
    @property
    def INVALID(self) -> int: ...  # noqa: N802
    def token_of(self, headers: Mapping[str, str], /) -> str: ...
    def check(self, root: dict[str, Any], pixel_id: str, now_s: float, /) -> Checked: ...
    def taken(self, count: int, trace_id: str, /) -> Answer: ...
    def refused(self, problem: Problem, trace_id: str, named: bool, /) -> Answer: ...
    def throttled(self, trace_id: str, /) -> Answer: ...
    def failed(self, trace_id: str, /) -> Answer: ...
    def proven(self, root: dict[str, Any] | None, token: str, app_secret: str, /) -> bool: ...
    def refused_proof(self, trace_id: str, /) -> Answer: ...
    def refused_token(self, trace_id: str, /) -> Answer: ...


def holds_email(body: bytes) -> bool:
    """Whether a clear e-mail address is anywhere in the body, also percent-encoded in a URL."""
    return (b"@" in body or b"%40" in body) and _EMAIL.search(body) is not None


def texts(value: object) -> list[object]:
    """The members of a list, or the one value."""
    return value if isinstance(value, list) else [value]


def unhashed(user: Mapping[str, object], keys: Iterable[str]) -> str | None:
    """The first of `keys` that holds something other than lower-case SHA-256, or the hash of nothing."""
    for key in keys:
        if key in user and not all(_is_hash(value) for value in texts(user[key])):
            return key
    return None


def refused_time(event_time_s: object, now_s: float, oldest_s: int = WEEK_S) -> str | None:
    """`type`, `old` or `future`; None when the time is taken. Milliseconds are far in the future."""
    if isinstance(event_time_s, bool) or not isinstance(event_time_s, int):
        return "type"
    if event_time_s < now_s - oldest_s - 1:  # whole seconds: an event of exactly seven days is taken
        return "old"
    return "future" if event_time_s > now_s + FUTURE_SLACK_S else None


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_currency(value: object, known: frozenset[str] = ISO_4217) -> bool:
    return isinstance(value, str) and value in known


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and value != _HASH_OF_NOTHING and _SHA256.fullmatch(value) is not None
