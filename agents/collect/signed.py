"""Requests of servers, signed by Standard Webhooks: over the bytes as sent, before they are inflated or read."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from agents.collect.problems import Problem
from streams import signing
from streams.signing import SecretError, SignatureError
from streams.tenants import PublishableKey, TenantsError, WriteKey

log = structlog.get_logger(__name__)

HOW = "sign `id.timestamp.body` as sent, see docs/collect.md"


def check_signature(key: WriteKey, headers: Mapping[str, str], wire: bytes, now_s: float) -> None:
    """Raises Problem 401, and 503 when the key's secrets cannot be used here."""
    if isinstance(key, PublishableKey):
        raise Problem(401, "not_signed", "this key does not sign", "send it without `sk_`")
    try:
        signing.check_signature(key.read_secrets(), headers, wire, now_s)
    except SignatureError as error:
        code = "stale_timestamp" if error.stale else "bad_signature"
        fix = "set the sender's clock; sign each attempt anew with the same webhook-id" if error.stale else HOW
        raise Problem(401, code, str(error), fix, error.header) from None
    except (TenantsError, SecretError) as error:
        log.error("a signed request cannot be checked", key=key.id, why=str(error))
        raise Problem(503, "no_secret", "the key's secret cannot be used here", "tell the operator") from None
