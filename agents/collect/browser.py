"""A browser's request: may it send, and how much; who the visitor is; which cookies it gets back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from agents.collect.access import check_origin
from agents.collect.address import client_address, is_trusted, networks
from agents.collect.admitting import Outcome
from agents.collect.cookies import Jar, forget, ident_of, jar_of, keep, may_store
from agents.collect.problems import later
from agents.collect.rates import Buckets
from agents.collect.visitor import VISITOR_COOKIE, Visitor, read_cookies, visitor_of
from streams.settings import Settings
from streams.tenants import PublishableKey, Tenant

BURST_S = 20  # a page that was offline sends what waited; people behind one address load pages together


class Browser(NamedTuple):
    visitor: Visitor
    cookies: Mapping[str, str]
    jar: Jar | None
    ident: str
    rules: Tenant

    def set_cookies(self, response: web.Response, outcome: Outcome) -> None:
        if self.jar is None:
            return
        match may_store(outcome.events, self.rules, outcome.consent_unclear):
            case True:
                keep(response, self.jar, outcome.events, self.ident)
            case False:
                forget(response, self.jar, self.cookies)


class Browsers:
    """What is known of browsers by key and address; each process counts for itself."""

    def __init__(self, settings: Settings) -> None:
        self._proxies = networks(settings.collect_trusted_proxies)
        rate = settings.collect_address_rate
        self._addresses = Buckets(rate, rate * BURST_S)
        self._keys: dict[str, Buckets] = {}

    def of(self, request: web.Request, key: PublishableKey, rules: Tenant, events: int) -> Browser:
        """Raises Problem 403 or 429."""
        check_origin(key, request.headers)
        address = client_address(request.remote, request.headers.getall("X-Forwarded-For", ()), self._proxies)
        self._check_rate(key, address, events)
        cookies = read_cookies(request.headers.get("Cookie", ""))
        jar = jar_of(key, request.host, request.headers["Origin"], self._is_secure(request))
        ident = ident_of(cookies) if jar is not None or VISITOR_COOKIE in cookies else ""
        visitor = visitor_of(request.headers, cookies, address, ident if key.visitor_id else "")
        return Browser(visitor, cookies, jar, ident, rules)

    def _check_rate(self, key: PublishableKey, address: str, events: int) -> None:
        now = time.monotonic()
        buckets = self._keys.get(key.id)
        if buckets is None:
            buckets = self._keys[key.id] = Buckets(key.rate, key.rate * BURST_S)
        wait_s = self._addresses.wait_s(address, events, now) or buckets.wait_s("", events, now)
        if wait_s:
            raise later("rate_limited", "this key or address sends too much", wait_s, 429)

    def _is_secure(self, request: web.Request) -> bool:
        if request.secure:
            return True
        proxied = is_trusted(client_address(request.remote, (), ()), self._proxies)
        return proxied and request.headers.get("X-Forwarded-Proto", "").strip().lower() == "https"
