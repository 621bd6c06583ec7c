"""What a request says of its sender beside the events: address, agent, page, cookies. Only for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.raw import RawEvent

VISITOR_COOKIE = "_capi_id"
# cookie -> field of user_data. `ttclid` is the cookie in which TikTok's pixel keeps the click id
COOKIES = {"_fbp": "fbp", "_fbc": "fbc", "_ttp": "ttp", "ttclid": "ttclid"}


class Visitor(NamedTuple):
    """`fields` are for `user_data`, `page` for `event_source_url`, `ident` is the visitor's cookie id, "" unless
    the tenant wants it among the `external_id`."""

    address: str
    fields: Mapping[str, str]
    page: str
    ident: str = ""

    def complete(self, given: RawEvent) -> None:
        """What the event says itself goes first, but for the address, which no page can know."""
        if not given.event_source_url:
            given.event_source_url = self.page
        if given.user_data is None:
            given.user_data = {}
        user = given.user_data
        if not isinstance(user, dict):
            return  # the door drops it and says so
        user["client_ip"] = self.address
        for field, value in self.fields.items():
            if not user.get(field):
                user[field] = value
        if self.ident:
            user["external_id"] = [*_listed(user.get("external_id")), self.ident]


def visitor_of(headers: Mapping[str, str], cookies: Mapping[str, str], address: str, ident: str) -> Visitor:
    fields = {field: cookies[name] for name, field in COOKIES.items() if cookies.get(name)}
    if agent := headers.get("User-Agent"):
        fields["client_user_agent"] = agent
    return Visitor(address, fields, headers.get("Referer", ""), ident)


def read_cookies(header: str) -> dict[str, str]:
    """Of two cookies of one name the first counts: it has the longer path (RFC 6265, 5.4)."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, is_pair, value = pair.strip().partition("=")
        if is_pair and name not in found:
            found[name] = value
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
