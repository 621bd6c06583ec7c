"""E-mail addresses: trimmed, lower case, host in its ASCII form. Dots and plus tags are kept.

Sources: Meta "Customer Information Parameters" (em), TikTok "Events API 2.0" (email), read November 2026;
RFC 5321 (lengths), RFC 6761 (names that lead nowhere).
"""

from __future__ import annotations

import re
import unicodedata

import idna

from streams.identity.values import Bad

MAX_LOCAL, MAX_ADDRESS = 64, 254  # bytes

_LOCAL = re.compile(r"""[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+""")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})")
_NOWHERE = re.compile(r"(?:.+\.)?(?:invalid|localhost|local|localdomain)")

# Typed or filled in where an address had to be given: one hash for very many people.
_NOBODY = frozenset(
    {"noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "noemail", "no-email", "no_email"}
)
_DOUBLED = frozenset(
    {"a", "abc", "asdf", "email", "guest", "na", "no", "none", "null", "test", "undefined", "x", "xxx"}
)


def email(text: str, region: str = "") -> str | Bad:
    """`John_Smith@Example.com` -> `john_smith@example.com`."""
    local, at, host = text.lower().removeprefix("mailto:").strip().partition("@")
    if not at or "@" in host:
        return Bad("needs exactly one @")
    local = unicodedata.normalize("NFC", local)
    if not _LOCAL.fullmatch(local) or len(local.encode()) > MAX_LOCAL:
        return Bad("has no usable part before the @")
    host = host.removesuffix(".")  # the root of the name system, or the end of a sentence
    host = host if host.isascii() else _ascii_host(host)
    if not _HOST.fullmatch(host) or len(local.encode()) + 1 + len(host) > MAX_ADDRESS:
        return Bad("has no usable host after the @")
    return Bad("is a placeholder") if _is_nobodys(local, host) else f"{local}@{host}"


def _is_nobodys(local: str, host: str) -> bool:
    doubled = local in _DOUBLED and host.partition(".")[0] == local  # none@none.com
    return doubled or local in _NOBODY or _NOWHERE.fullmatch(host) is not None


def _ascii_host(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode().removesuffix(".")
    except (idna.IDNAError, UnicodeError):
        return ""
