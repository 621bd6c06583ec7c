"""First-party cookies in the answers to browsers, so that ids outlive the week that Safari gives a script's.

Set only where the collector is the shop's own: under the page's host, or under the key's `cookie_domain`. Never
where consent is denied, or denied by default and nothing granted it; a denial takes back what came with it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from agents.collect.visitor import VISITOR_COOKIE
from streams.events import Event
from streams.tenants import PublishableKey, Tenant

DAY_S = 86_400
VISITOR_DAYS = 400  # the longest that browsers keep a cookie
# Meta takes no click that is older than 90 days (docs/platforms.md); TikTok's own cookies are kept for 13 months
# ("About using cookies with TikTok Pixel", read November 2026)
DAYS = {"_fbp": 90, "_fbc": 90, "_ttp": 390}
FIELDS = {"_fbp": "fbp", "_fbc": "fbc", "_ttp": "ttp"}

_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]+")  # RFC 6265 cookie-octets
_IDENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Jar(NamedTuple):
    """Where cookies of this answer belong. `domain` "" is the collector's host alone."""

    domain: str
    secure: bool

    def set(self, response: web.Response, name: str, value: str, days: int, http_only: bool = False) -> None:
        response.set_cookie(
            name,
            value,
            max_age=days * DAY_S,
            domain=self.domain or None,
            secure=self.secure,
            httponly=http_only,
            samesite="Lax",
        )

    def drop(self, response: web.Response, name: str) -> None:
        response.del_cookie(name, domain=self.domain or None, secure=self.secure, samesite="Lax")


def jar_of(key: PublishableKey, host: str, origin: str, secure: bool) -> Jar | None:
    """None where a cookie would be a third party's, or the key wants none."""
    return _jar(key.cookie_domain, host, origin, secure) if key.cookies else None


@lru_cache(maxsize=4_096)
def _jar(domain: str, host: str, origin: str, secure: bool) -> Jar | None:
    here, page = _name_of(f"//{host}"), _name_of(origin)
    ours = _under(here, page, domain) if domain else here == page
    return Jar(domain, secure) if here and page and ours else None


def may_store(events: Iterable[Event], rules: Tenant, unclear: bool) -> bool | None:
    """Whether ids may be kept at the visitor's: True, False (denied: what is there goes), None (leave as it is).

    `unclear`: the consent of an event could not be read.
    """
    said = {event.consent for event in events}
    if "denied" in said:
        return False
    if unclear or (rules.default_consent == "denied" and said.isdisjoint({"granted", "limited"})):
        return None
    return True if said else None


def ident_of(cookies: Mapping[str, str]) -> str:
    """The visitor's id as their cookie has it, or a new one."""
    known = cookies.get(VISITOR_COOKIE, "")
    return known if _IDENT.fullmatch(known) else str(uuid.uuid4())


def keep(response: web.Response, jar: Jar, events: Iterable[Event], ident: str) -> None:
    jar.set(response, VISITOR_COOKIE, ident, VISITOR_DAYS, http_only=True)
    for event in events:
        for name, field in FIELDS.items():
            value: str = getattr(event.user, field)
            if value and _VALUE.fullmatch(value):
                jar.set(response, name, value, DAYS[name])


def forget(response: web.Response, jar: Jar, cookies: Mapping[str, str]) -> None:
    for name in (VISITOR_COOKIE, *FIELDS):
        if name in cookies:
            jar.drop(response, name)


def _name_of(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _under(here: str, page: str, domain: str) -> bool:
    return all(name == domain or name.endswith(f".{domain}") for name in (here, page))
