"""Checks of the keys to the HTTP door: secrets can be read now and are secrets, pages are encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from agents.doctor.check import Check, failed, ok, warning
from streams.signing import SecretError, secret_bytes
from streams.tenants import PublishableKey, SecretKey, Tenants, TenantsError


def check_keys(tenants: Tenants) -> Iterator[Check]:
    for tenant in tenants.tenants.values():
        for key in tenant.keys:
            yield check_pages(key) if isinstance(key, PublishableKey) else check_secrets(key)


def check_pages(key: PublishableKey) -> Check:
    name, plain = f"key {key.id}", [origin for origin in key.origins if _can_be_read(origin)]
    if plain:
        return warning(
            name, ", ".join(plain), "what these pages send can be read on its way: use https:// origins"
        )
    return ok(name, ", ".join(key.origins))


def check_secrets(key: SecretKey) -> Check:
    name = f"key {key.id}"
    try:
        for secret in key.read_secrets():
            secret_bytes(secret)
    except (TenantsError, SecretError) as error:
        return failed(name, str(error), f"put a secret where the tenants file says: {', '.join(key.secrets)}")
    return ok(name, ", ".join(key.secrets))


def _can_be_read(origin: str) -> bool:
    url = urlsplit(origin)
    return url.scheme == "http" and not is_loopback(url.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether nothing that is sent there leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
