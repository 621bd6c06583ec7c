"""The tenants file: who may send events, how long they are held, and where they go."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from streams.events import Platform

Hold = Literal["session", "adaptive", "immediate"]
Robots = Literal["drop", "mark", "ignore"]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
ActionSource = Literal[
    "website",
    "app",
    "physical_store",
    "phone_call",
    "email",
    "chat",
    "business_messaging",
    "system_generated",
    "other",
]
Where = Annotated[str, msgspec.Meta(pattern=r"^(env|file):.+$")]
WebOrigin = Annotated[str, msgspec.Meta(pattern=r"^https?://[a-z0-9.:\[\]-]+$")]


class TenantsError(Exception):
    """The tenants file cannot be used; the message says where and what to do."""


def secret_path(place: str) -> Path:
    """Where a `file:` is: relative paths are below CAPI_SECRETS_DIR, where that is set."""
    return Path(os.environ.get("CAPI_SECRETS_DIR", ""), place)


def read_secret(where: str, of: str) -> str:
    """What is at `env:NAME` or `file:PATH`, read at each use, so that a rotated one counts at once.

    `of` says whose it is, for the TenantsError that is raised when there is nothing.
    """
    kind, _, place = where.partition(":")
    try:
        secret = os.environ[place] if kind == "env" else secret_path(place).read_text(encoding="utf-8")
    except (KeyError, OSError) as error:
        raise TenantsError(f"{of}: {kind} {place} cannot be read") from error
    return secret.strip()


def read_secrets(places: Sequence[str], of: str) -> tuple[str, ...]:
    """Those that can be read: during a rotation one may be missing. Raises TenantsError when none can."""
    found, failed = [], None
    for where in places:
        try:
            found.append(read_secret(where, of))
        except TenantsError as error:
            failed = error
    if failed and not found:
        raise failed
    return tuple(found)


class Destination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One pixel. `token` and `app_secret` name where the secret is (`env:NAME` or `file:PATH`), never the secret.

    `action_sources`: only events that happened there go here, all when empty; TikTok has ids of their own for what
    happened offline. Until `test_until`, a date and time with its zone, events carry `test_event_code`; after it
    they go without, so that a forgotten code does not mark real orders. With `app_secret` (Meta's) each request
    carries a proof that its sender knows it.
    """

    platform: Platform
    pixel_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    token: Where
    action_sources: tuple[ActionSource, ...] = ()
    event_names: dict[str, str] = {}  # event-name overrides; "" means: do not send
    test_event_code: str = ""
    test_until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    app_secret: Where | None = None
    quality_token: Where | None = None

    def __post_init__(self) -> None:
        if bool(self.test_event_code) != (self.test_until is not None):
            raise ValueError(
                "test_event_code and test_until go together, as in: test_until = 2026-12-01T12:00:00Z"
            )
        if self.platform != "meta" and (self.app_secret or self.quality_token):
            raise ValueError("app_secret and quality_token are for Meta only")

    def test_code(self, now_ms: int) -> str:
        """The test event code that counts at `now_ms`, "" when there is none or its time is over."""
        ends = self.test_until
        return self.test_event_code if ends and now_ms < ends.timestamp() * 1000 else ""

    def read_token(self) -> str:
        """The access token. Raises TenantsError."""
        return read_secret(self.token, f"token of pixel {self.pixel_id}")

    def read_quality_token(self) -> str:
        """The token for reading match quality. Raises TenantsError."""
        return read_secret(self.quality_token or self.token, f"quality token of pixel {self.pixel_id}")

    def read_app_secret(self) -> str:
        """The app's secret, "" when none is configured. Raises TenantsError."""
        return read_secret(self.app_secret, f"app secret of pixel {self.pixel_id}") if self.app_secret else ""


class PublishableKey(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="publishable", tag_field="kind"
):
    """Lets browsers on `origins` write events over HTTP, and nothing else. It is no secret.

    `rate` is in events a second, over all visitors of the key and for each process. With `cookie_domain` the
    visitor's cookies are set for that domain, else for the collector's own host when it is also the page's.
    `visitor_id` adds the cookie `_capi_id` to the events' `external_id`.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^pk_[A-Za-z0-9_-]{8,64}$")]
    origins: Annotated[tuple[WebOrigin, ...], msgspec.Meta(min_length=1)]
    rate: Annotated[float, msgspec.Meta(gt=0)] = 1000
    cookies: bool = True
    cookie_domain: Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)+)?$")] = ""
    visitor_id: bool = False


class SecretKey(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="secret", tag_field="kind"
):
    """Lets a server write events over HTTP, signed with one of `secrets`; several are for rotation."""

    id: Annotated[str, msgspec.Meta(pattern=r"^sk_[A-Za-z0-9_-]{1,64}$")]
    secrets: Annotated[tuple[Where, ...], msgspec.Meta(min_length=1)]

    def read_secrets(self) -> tuple[str, ...]:
        return read_secrets(self.secrets, f"secret of key {self.id}")


WriteKey = PublishableKey | SecretKey


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shop or agency client.

    `default_consent` counts in a session in which nothing was said of consent. `robots` says what becomes of
    events whose User-Agent is a crawler's. `remember_days` is how long the hashed identity of a visitor is
    remembered for the next visit; 0 turns it off.
    """

    default_country: Annotated[str, msgspec.Meta(pattern=r"^([A-Z]{2})?$")] = ""
    hold: Hold = "session"
    default_consent: Literal["granted", "limited", "denied"] = "granted"
    robots: Robots = "drop"
    remember_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 180
    destinations: tuple[Destination, ...] = ()
    keys: tuple[WriteKey, ...] = ()


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client site whose batches the gateway takes, for these tenants.

    It has to prove all that is listed: a signature with one of `secrets` (several are for rotation), a client
    certificate with the name `certificate`, or both.
    """

    tenants: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    secrets: tuple[Where, ...] = ()
    certificate: str = ""


class Tenants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tenants: dict[Name, Tenant]
    sites: dict[Name, Site] = {}

    @property
    def has_keys(self) -> bool:
        """Whether anybody may send over HTTP."""
        return bool(self.sites) or any(tenant.keys for tenant in self.tenants.values())

    def get(self, name: str) -> Tenant | None:
        return self.tenants.get(name)

    def destination(self, tenant: str, platform: str, pixel_id: str) -> Destination | None:
        """The destination that a job names, or None when it was taken out of the file meanwhile."""
        known = self.tenants.get(tenant)
        matches = (
            (d for d in known.destinations if (d.platform, d.pixel_id) == (platform, pixel_id)) if known else ()
        )
        return next(iter(matches), None)


def parse_tenants(text: str, source: str = "tenants file") -> Tenants:
    """Parse and check the TOML text. Raises TenantsError that names the field."""
    try:
        found = msgspec.convert(tomllib.loads(text), Tenants)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TenantsError(f"{source}: {error}") from error
    _refuse_twins(found.tenants, source)
    _check_sites(found, source)
    return found


def load_tenants(path: Path) -> Tenants:
    try:
        return parse_tenants(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise TenantsError(f"{path}: cannot be read; set CAPI_TENANTS to the tenants file") from error


def _refuse_twins(tenants: Mapping[str, Tenant], source: str) -> None:
    ids = Counter(key.id for tenant in tenants.values() for key in tenant.keys)
    for ident, times in ids.items():
        if times > 1:
            raise TenantsError(f"{source}: key {ident} is there {times} times; a key says whose events they are")
    for name, tenant in tenants.items():
        seen: set[tuple[str, str]] = set()
        for destination in tenant.destinations:
            pair = (destination.platform, destination.pixel_id)
            if pair in seen:
                raise TenantsError(f"{source}: tenant {name} lists {pair[0]} pixel {pair[1]} twice")
            seen.add(pair)


def _check_sites(found: Tenants, source: str) -> None:
    for name, site in found.sites.items():
        if not site.secrets and not site.certificate:
            raise TenantsError(f"{source}: site {name} has neither secrets nor certificate: anybody could be it")
        for tenant in site.tenants:
            if tenant not in found.tenants:
                raise TenantsError(f"{source}: site {name} is for tenant {tenant}, which is not in the file")
