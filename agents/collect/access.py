"""Who sends: a browser with a publishable key from one of its origins, or a server that signs."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from agents.collect.problems import Problem
from streams.tenants import PublishableKey, Tenant, Tenants, WriteKey


class Access(NamedTuple):
    """`key` lets its holder write events of `tenant`."""

    tenant: str
    rules: Tenant
    key: WriteKey


class Keys:
    """All keys of the tenants file. Looked up by digest, so that time says nothing about how much was right."""

    def __init__(self, tenants: Tenants) -> None:
        self._known = {
            _digest(key.id): Access(name, tenant, key)
            for name, tenant in tenants.tenants.items()
            for key in tenant.keys
        }

    def find(self, ident: str, field: str) -> Access:
        """Raises Problem 401."""
        access = self._known.get(_digest(ident))
        if access is None:
            message = "the key is not known here" if ident else "no key was sent"
            raise Problem(401, "unknown_key", message, "send a key of the tenants file", field)
        return access


def check_origin(key: PublishableKey, headers: Mapping[str, str]) -> None:
    """Browsers say where a page is from, and pages cannot change it. Raises Problem 403."""
    if headers.get("Origin") not in key.origins:
        raise Problem(
            403,
            "origin_not_allowed",
            "this key may not be used from here",
            "add the page's origin to the key in the tenants file; servers use a secret key",
            "Origin",
        )


def _digest(ident: str) -> bytes:
    return sha256(ident.encode(errors="replace")).digest()
