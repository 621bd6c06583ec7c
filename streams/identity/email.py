"""E-mail addresses: trimmed, lower case, host in its ASCII form. Dots and plus tags are kept.

Sources: Meta "Customer Information Parameters" (em), TikTok "Events API 2.0" (email), read November 2026.
"""

from __future__ import annotations

import re

import idna

from streams.identity.text import fold
from streams.identity.values import Bad

_LOCAL = re.compile(r"""[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f]{1,64}""")
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})")


def email(text: str, region: str = "") -> str | Bad:
    """`John_Smith@Example.com` -> `john_smith@example.com`."""
    local, at, host = fold(text).lower().removeprefix("mailto:").partition("@")
    if not at or "@" in host:
        return Bad("needs exactly one @")
    if not _LOCAL.fullmatch(local):
        return Bad("has no usable part before the @")
    host = host if host.isascii() else _ascii_host(host)
    return f"{local}@{host}" if _HOST.fullmatch(host) else Bad("has no usable host after the @")


def _ascii_host(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return ""
