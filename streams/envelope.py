"""The fields of a raw event that must be right: each is read here, or the record is refused."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import get_args

from streams.events import Consent, Platform
from streams.identity import Dropped
from streams.privacy import hides_email, holds_email, is_phone
from streams.tenants import ActionSource

# Meta "Server Event Parameters", action_source, read November 2026. TikTok's event_source follows from it.
ACTION_SOURCES = frozenset(get_args(ActionSource))
PLATFORMS: tuple[Platform, ...] = ("meta", "tiktok")  # whose pixels run in browsers
PURPOSES = ("ad_storage", "ad_user_data", "ad_personalization")
MAX_ID = 128  # characters of event_id and session_id
MAX_EVENT_NAME = 100  # characters
NOBODYS = "send an id that says nothing of the person: random, or a keyed hash"
EVENT_IDS = uuid.UUID("6d1f3a52-7d0e-5e0b-9a53-2f6f0c1e8b7a")  # namespace of the ids that are issued here

# 2001 to 2286, which tells seconds (10 digits) from milliseconds (13 digits).
SECONDS = (10**9, 10**10)
MILLISECONDS = (10**12, 10**13)

_TEST_CODE = re.compile(r"[A-Za-z0-9_-]{0,64}")
_NUMBER = re.compile(r"\d{10,13}(?:\.\d{1,9})?", re.ASCII)
_CONSENTS: Mapping[object, Consent] = {
    "granted": "granted",
    "limited": "limited",
    "denied": "denied",
    True: "granted",
    False: "denied",
}


class RefusedError(Exception):
    """Ends the reading of a record. `field` is a JSON path, `fix` says what to do; no word holds a value."""

    def __init__(self, field: str, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.fix = fix


def event_time_ms(given: int | float | str | None, record_ms: int) -> int:
    """Unix milliseconds from seconds or milliseconds, also as text; the record's time when there is none."""
    if given is None or given == "":
        return record_ms
    if isinstance(given, str):
        if not _NUMBER.fullmatch(given):
            raise RefusedError("timestamp", "is not Unix seconds or milliseconds")
        given = float(given) if "." in given else int(given)
    if SECONDS[0] <= given < SECONDS[1]:
        return round(given * 1000)
    if MILLISECONDS[0] <= given < MILLISECONDS[1]:
        return int(given)
    raise RefusedError("timestamp", "is not Unix seconds or milliseconds")


def event_id(given: str | int | None, origin: tuple[str, int, int, int]) -> str:
    """The producer's id, or one made of the record's place, so that a repeated run issues the same."""
    if given is None or given == "":
        return str(uuid.uuid5(EVENT_IDS, "/".join(map(str, origin))))
    return _ident("event_id", str(given))


def session_id(given: str | int) -> str:
    """1 to 128 printable characters without `|`, which is what topic keys are joined with."""
    ident = _ident("session_id", str(given))
    if "|" in ident:
        raise RefusedError("session_id", "holds a |")
    return ident


def _ident(field: str, ident: str) -> str:
    if not 0 < len(ident) <= MAX_ID or not ident.isprintable() or ident.isspace():
        raise RefusedError(field, f"is not 1 to {MAX_ID} printable characters")
    if hides_email(ident):
        raise RefusedError(field, "holds an e-mail address", NOBODYS)
    if is_phone(ident):
        raise RefusedError(field, "is a phone number", NOBODYS)
    return ident


def event_name(given: str) -> str:
    """1 to 100 printable characters."""
    name = given.strip()
    if not 0 < len(name) <= MAX_EVENT_NAME or not name.isprintable():
        raise RefusedError("event_name", f"is not 1 to {MAX_EVENT_NAME} printable characters")
    if holds_email(name):
        raise RefusedError("event_name", "holds an e-mail address")
    return name


def action_source(given: str | None) -> str:
    """One of the platforms' words; `website` when absent."""
    source = given or "website"
    if source not in ACTION_SOURCES:
        raise RefusedError("action_source", "is none of " + ", ".join(sorted(ACTION_SOURCES)))
    return source


def consent(given: object) -> Consent:
    """Denied when it was denied as a whole, or the storage or sending of data for ads was.

    Google's short form (`gcs=G111`) is not read: it does not say `ad_user_data`, which is what is asked for here.
    """
    if given is None or given == "":
        return ""
    if isinstance(given, dict):
        return _consent_mode(given)
    if not isinstance(given, str | bool) or given not in _CONSENTS:
        raise RefusedError("consent", "is not granted, limited, denied, true, false or an object")
    return _CONSENTS[given]


def _consent_mode(given: dict[str, object]) -> Consent:
    """Google Consent Mode v2. Ads that may be measured but not made personal are what `limited` is for."""
    answers = {purpose: given.get(purpose) for purpose in PURPOSES}
    for purpose, answer in answers.items():
        if answer not in (None, "granted", "denied"):
            raise RefusedError(f"consent.{purpose}", "is not granted or denied")
    personal = answers.pop("ad_personalization")
    if "denied" in answers.values():
        return "denied"
    return "limited" if personal == "denied" else "granted" if "granted" in answers.values() else ""


def test_event_code(given: str | None) -> str:
    """A platform's test code. Refused when malformed: without it a test would count as real."""
    if not _TEST_CODE.fullmatch(given or ""):
        raise RefusedError("test_event_code", "is not up to 64 letters, digits, _ and -")
    return given or ""


def replace_identity(given: str | None) -> bool:
    """Whether someone else logged in. Refused when unclear: it would mix up two people."""
    if given not in (None, "", "replace"):
        raise RefusedError("identity", "is not replace")
    return given == "replace"


def browser_fired(given: object, dropped: list[Dropped]) -> tuple[Platform, ...]:
    """The platforms whose browser copy was sent, in a fixed order. True means all of them."""
    if given is None or isinstance(given, bool):
        return PLATFORMS if given else ()
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        dropped.append(Dropped("browser_fired", "is not true, false or a list of platforms"))
        return ()
    if not set(given) <= set(PLATFORMS):
        dropped.append(Dropped("browser_fired", "names a platform that is not known here"))
    return tuple(platform for platform in PLATFORMS if platform in given)
