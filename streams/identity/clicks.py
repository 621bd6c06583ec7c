"""Click and browser ids, client address and agent: sent in the clear, kept byte-exact, dropped when malformed.

Sources: Meta "ClickID and the fbp and fbc Parameters", TikTok "Events API 2.0" (ttclid, ttp, ip, user_agent),
read November 2026.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from streams.identity.values import Bad

FBC_MAX_AGE_MS = 90 * 86_400_000
TTCLID_MAX = 1_000
AGENT_MAX = 1_024

_FBC = re.compile(r"fb\.\d{1,2}\.(\d{13})\.[A-Za-z0-9_-]{1,1000}(?:\.[A-Za-z0-9_-]{1,16})?", re.ASCII)
_FBP = re.compile(r"fb\.\d{1,2}\.\d{10,13}\.[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,16})?", re.ASCII)
_FBCLID = re.compile(r"[A-Za-z0-9_-]{1,1000}")
_TOKEN = re.compile(r"[\x21-\x7e]+")


def fbc(text: str, event_time_ms: int) -> str | Bad:
    """`fb.<index>.<ms>.<fbclid>[.<appendix>]`, as it came. Older than 90 days before the event: dropped."""
    found = _FBC.fullmatch(text)
    if found is None:
        return Bad("is not fb.<index>.<milliseconds>.<fbclid>")
    return text if event_time_ms - int(found[1]) <= FBC_MAX_AGE_MS else Bad("is older than 90 days")


def mint_fbc(fbclid: str, first_seen_ms: int) -> str:
    """Meta's cookie form of a click id from a URL; index 1 because a server makes it."""
    return f"fb.1.{first_seen_ms}.{fbclid}"


def click_of(fbc: str) -> str:
    """The click id in a cookie `fbc`, its fourth segment; "" when there is none."""
    segments = fbc.split(".", 4)
    return segments[3] if len(segments) > 3 else ""


def fbc_of_click(fbclid: str, event_time_ms: int) -> str | Bad:
    """Meta's cookie form of a click id from a URL; index 1 because a server makes it."""
    return f"fb.1.{event_time_ms}.{fbclid}" if _FBCLID.fullmatch(fbclid) else Bad("is not a Meta click id")


def fbp(text: str, event_time_ms: int = 0) -> str | Bad:
    """Browser id of Meta's pixel; never invented here."""
    return text if _FBP.fullmatch(text) else Bad("is not fb.<index>.<milliseconds>.<random>")


def tiktok_id(text: str, event_time_ms: int = 0) -> str | Bad:
    """`ttclid` or `ttp`: up to 1,000 printable ASCII characters without spaces."""
    fits = len(text) <= TTCLID_MAX and _TOKEN.fullmatch(text) and "@" not in text
    return text if fits else Bad("is not a TikTok id")


@lru_cache(maxsize=16_384)
def client_ip(text: str, event_time_ms: int = 0) -> str | Bad:
    """IPv4 or IPv6 address in its shortest form, without zone; an IPv4 address in IPv6 clothes as IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return Bad("is not an IP address")
    return str(getattr(address, "ipv4_mapped", None) or address)


def client_user_agent(text: str, event_time_ms: int = 0) -> str | Bad:
    """The User-Agent header as it came. Robots put their owner's e-mail address into it; those are not kept."""
    fits = len(text) <= AGENT_MAX and text.isprintable() and "@" not in text
    return text if fits else Bad("is not a User-Agent header")
