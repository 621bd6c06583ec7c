"""Click and browser ids, client address and agent: sent in the clear, kept byte-exact, dropped when malformed.

Sources: Meta "ClickID and the fbp and fbc Parameters" (updated January 2026), TikTok "Events API 2.0" (ttclid,
ttp, ip, user_agent), read November 2026. Meta names no alphabet and no greatest length of a click id; its examples
are base64url.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from streams.identity.values import Bad

FBC_MAX_AGE_MS = 90 * 86_400_000
CLOCK_SLACK_MS = 600_000  # a visitor's clock before the shop's; more than this is a wrong unit or zone
TTCLID_MAX = 1_000
AGENT_MAX = 1_024

_FBC = re.compile(r"fb\.\d{1,2}\.(\d{13})\.([A-Za-z0-9_-]{1,1000})(?:\.[A-Za-z0-9_-]{1,16})?", re.ASCII)
_FBP = re.compile(r"fb\.\d{1,2}\.\d{10,13}\.[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,16})?", re.ASCII)
_FBCLID = re.compile(r"[A-Za-z0-9_-]{1,1000}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def fbc(text: str, event_time_ms: int) -> str | Bad:
    """`fb.<index>.<ms>.<fbclid>[.<appendix>]`, as it came, unless the click is 90 days old or after the event."""
    found = _FBC.fullmatch(text)
    if found is None:
        return Bad("is not fb.<index>.<milliseconds>.<fbclid>")
    age_ms = event_time_ms - int(found[1])
    if age_ms > FBC_MAX_AGE_MS:
        return Bad("is older than 90 days")
    return text if age_ms >= -CLOCK_SLACK_MS else Bad("is of a click after the event")


def fbclid(text: str, event_time_ms: int = 0) -> str | Bad:
    """Meta's click id from a URL. Case counts; the session makes `fbc` of it, once a click."""
    return text if _FBCLID.fullmatch(text) else Bad("is not a Meta click id")


def dates(fbc: str, fbclid: str, event_time_ms: int) -> bool:
    """Whether the cookie `fbc` says when this click was, even when that is too long ago to be sent."""
    found = _FBC.fullmatch(fbc)
    return found is not None and found[2] == fbclid and int(found[1]) <= event_time_ms + CLOCK_SLACK_MS


def mint_fbc(fbclid: str, first_seen_ms: int) -> str:
    """Meta's cookie form of a click id from a URL; index 1 because a server makes it."""
    return f"fb.1.{first_seen_ms}.{fbclid}"


def click_of(fbc: str) -> str:
    """The click id in a cookie `fbc`, its fourth segment; "" when there is none."""
    segments = fbc.split(".", 4)
    return segments[3] if len(segments) > 3 else ""


def fbp(text: str, event_time_ms: int = 0) -> str | Bad:
    """Browser id of Meta's pixel; never invented here."""
    return text if _FBP.fullmatch(text) else Bad("is not fb.<index>.<milliseconds>.<random>")


def tiktok_id(text: str, event_time_ms: int = 0) -> str | Bad:
    """`ttclid` or `ttp`: up to 1,000 printable ASCII characters without spaces."""
    fits = len(text) <= TTCLID_MAX and _TOKEN.fullmatch(text) and "@" not in text
    return text if fits else Bad("is not a TikTok id")


def client_ip(text: str, event_time_ms: int = 0) -> str | Bad:
    """IPv4 or IPv6 address in its shortest form, without zone; an IPv4 address in IPv6 clothes as IPv4."""
    return _client_ip(text)


@lru_cache(maxsize=16_384)
def _client_ip(text: str) -> str | Bad:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return Bad("is not an IP address")
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_user_agent(text: str, event_time_ms: int = 0) -> str | Bad:
    """The User-Agent header as it came. Robots put their owner's e-mail address into it; those are not kept."""
    fits = len(text) <= AGENT_MAX and text.isprintable() and "@" not in text
    return text if fits else Bad("is not a User-Agent header")
