"""Checks that need no service: versions, settings that contradict each other, tenants, tokens, addresses."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from urllib.parse import urlsplit

from agents.doctor.check import Check, failed, ok, warning
from agents.doctor.destinations import check_destinations
from agents.doctor.keys import check_keys, is_loopback
from sinks.platforms import check_known
from streams.settings import Settings
from streams.tenants import TenantsError

PACKAGE = "capi-stream"
_PIN = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)$")
PLATFORM_MERGE_S = 300  # browser and server copies merge inside 5 minutes
PLATFORM_MAX_AGE_S = 604_800  # older events are refused


def local_checks(settings: Settings) -> list[Check]:
    """All of this module, in the order they are shown."""
    return [
        *check_versions(),
        *check_settings(settings),
        *check_tenants(settings),
        *check_addresses(settings),
    ]


def check_versions() -> Iterator[Check]:
    """Every exactly pinned dependency is the one installed: private parts of some are overridden."""
    yield ok("python", sys.version.split()[0])
    for requirement in metadata.requires(PACKAGE) or ():
        if pin := _PIN.match(requirement):
            name, wanted = pin.groups()
            found = metadata.version(name)
            yield (
                ok(name, found)
                if found == wanted
                else failed(
                    name, f"{found}, wanted {wanted}", "run `make install`: the lock file has the tested version"
                )
            )


def check_settings(settings: Settings) -> list[Check]:
    """Values that are possible one by one but not together."""
    wrong = [warning("settings", found, todo) for holds, found, todo in _relations(settings) if not holds]
    return wrong or [ok("settings", f"namespace {settings.namespace}, {settings.partitions} partitions")]


def _relations(s: Settings) -> list[tuple[bool, str, str]]:
    return [
        (
            s.idle_s <= s.max_age_s,
            "CAPI_IDLE_S is above CAPI_MAX_AGE_S",
            "the gap never closes a window; lower it",
        ),
        (s.tick_s <= s.idle_s / 2, "CAPI_TICK_S is above half of CAPI_IDLE_S", "windows close late; lower it"),
        (
            s.recall_s <= min(s.idle_s, s.merge_s),
            "CAPI_RECALL_S is above CAPI_IDLE_S or CAPI_MERGE_S",
            "orders wait too long for the memory of visitors; use 5",
        ),
        (s.merge_s < PLATFORM_MERGE_S, "CAPI_MERGE_S is 300 or more", "platforms merge within 5 minutes; use 240"),
        (
            s.event_max_age_s <= PLATFORM_MAX_AGE_S,
            "CAPI_EVENT_MAX_AGE_S is above 7 days",
            "platforms refuse a whole request for one such event; use 604800",
        ),
        (
            list(s.retry_s) == sorted(s.retry_s),
            "CAPI_RETRY_S does not grow",
            "a later attempt should wait longer; sort the delays",
        ),
        (
            s.prefetch >= s.post_events,
            "CAPI_PREFETCH is below CAPI_POST_EVENTS",
            "a full POST never comes together",
        ),
    ]


def check_tenants(settings: Settings) -> list[Check]:
    """The tenants file can be used, and its destinations too."""
    try:
        tenants = settings.tenant_map
        check_known(tenants)
    except TenantsError as error:
        return [failed("tenants", str(error), "correct the file, see deploy/tenants.example.toml")]
    found = f"{len(tenants.tenants)} in {settings.tenants}"
    # a client site's are in the central tenants file
    destinations = () if settings.gateway_url else check_destinations(tenants, time.time_ns() // 1_000_000)
    return [ok("tenants", found), *destinations, *check_keys(tenants)]


def check_addresses(settings: Settings) -> Iterator[Check]:
    """Tokens and hashed identities go to these: never in the clear beyond this machine."""
    yield check_address("CAPI_META_URL", settings.meta_url)
    yield check_address("CAPI_TIKTOK_URL", settings.tiktok_url)
    if settings.gateway_url:
        yield check_address("CAPI_GATEWAY_URL", settings.gateway_url)


def check_address(name: str, address: str) -> Check:
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.hostname:
        return failed(name, "is no http(s) address", "write it like https://graph.facebook.com")
    if url.username or url.query or url.fragment:
        return failed(name, "has a user, a query or a fragment", "addresses are logged: no secrets in them")
    if url.scheme == "http" and not is_loopback(url.hostname):
        return failed(name, f"http://{url.hostname} is not encrypted", "use https://")
    return ok(name, f"{url.scheme}://{url.netloc}")
