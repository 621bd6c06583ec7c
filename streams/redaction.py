"""The last net of the logs: known shapes of secrets and personal data are masked in whatever is logged. Pure.

Nothing relies on it: lines are written without such things. It is for what a library, a broker or a platform says
in its error, and for the line that somebody writes next year.
"""

from __future__ import annotations

import re
from typing import Any

MASK = "***"

# names of fields whose value is never shown
SECRETS = {"access_token", "api_key", "app_secret", "authorization", "cookie", "password", "secret", "token"}
CONTENTS = {"body", "raw", "user_data", "client_ip", "ip", "client_user_agent", "user_agent", "signature"}
PERSONAL = {
    "em",
    "email",
    "ph",
    "ph_e164",
    "phone",
    "fn",
    "first_name",
    "ln",
    "last_name",
    "db",
    "zp",
    "external_id",
}
VISITORS = {"fbp", "fbc", "ttp", "ttclid"}
NEVER = SECRETS | CONTENTS | PERSONAL | VISITORS

_NAME = r"[\w-]{0,40}(?:token|api[_-]?key|secret|secret_proof|authorization|cookie|password|passwd|signature)"
_VALUE = r"""(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;)}\]]+)"""
_WORD = r"[^\s@\"'<>(),;:=|/\[\]{}]{1,100}"
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        (r"(\w://)[^/\s@\"']+@", rf"\1{MASK}@"),  # user and password of a URL
        (r"(\w://[^\s?#\"'<>]+)\?[^\s\"'<>]*", rf"\1?{MASK}"),  # query of a URL
        (r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", rf"\1 {MASK}"),
        (rf"([\"']?\b{_NAME}[\"']?\s*(?:=|:\s*(?=[\"'])))\s*{_VALUE}", rf"\1{MASK}"),
        (r"\bEAA[A-Z0-9]{20,}", MASK),  # Meta's tokens
        (rf"{_WORD}(?:@|%40){_WORD}\.[^\W\d_]{{2,}}", MASK),  # e-mail addresses
        (r"\+\d[\d ().-]{7,}\d", MASK),  # phone numbers
        (r"\bfb\.\d\.\d{10,}\.[\w.-]+", MASK),  # Meta's browser and click ids
        (r"\b([0-9a-f]{8})[0-9a-f]{56}\b", r"\1…"),  # digests, as everywhere by their first 8 digits
    )
)


def redact(text: str) -> str:
    for shape, shown in _SHAPES:
        text = shape.sub(shown, text)
    return text


def redacted(name: str, value: Any) -> Any:
    """What a log may show of the value of a field, whatever is nested in it."""
    if name.lower() in NEVER:
        return MASK if value else value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode(errors="replace"))
    if isinstance(value, dict):
        return {key: redacted(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted("", inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))
