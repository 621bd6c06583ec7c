"""Requests of servers, signed by Standard Webhooks: over the bytes as sent, before they are inflated or read."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping

import structlog

from agents.collect.problems import Problem
from streams.tenants import PublishableKey, TenantsError, WriteKey

log = structlog.get_logger(__name__)

TOLERANCE_S = 300
PREFIX = "whsec_"
_ID = re.compile(r"[!-~]{1,256}")
_TIME = re.compile(r"\d{1,12}", re.ASCII)


def check_signature(key: WriteKey, headers: Mapping[str, str], wire: bytes, now_s: float) -> None:
    """Raises Problem 401, and 503 when no secret of the key can be read here."""
    if isinstance(key, PublishableKey):
        raise _bad_signature()
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(ident) or not _TIME.fullmatch(stamp):
        raise _bad_signature()
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        raise Problem(
            401,
            "stale_timestamp",
            f"the signature is not of the last {TOLERANCE_S} s",
            "set the sender's clock, and sign each attempt anew with the same webhook-id",
            "webhook-timestamp",
        )
    try:
        secrets = key.read_secrets()
    except TenantsError as error:
        log.error("a signed request cannot be checked", why=str(error))
        raise Problem(503, "no_secret", "the key's secret cannot be read here", "tell the operator") from None
    message = b"%b.%b.%b" % (ident.encode(), stamp.encode(), wire)
    given = [
        part[3:].encode(errors="replace")
        for part in headers.get("webhook-signature", "").split()[:10]
        if part.startswith("v1,")
    ]
    wanted = [_sign(secret, message) for secret in secrets]
    if not any(hmac.compare_digest(one, other) for one in given for other in wanted):
        raise _bad_signature()


def _sign(secret: str, message: bytes) -> bytes:
    raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return base64.b64encode(hmac.digest(raw, message, "sha256"))


def _bad_signature() -> Problem:
    return Problem(
        401,
        "bad_signature",
        "the signature is not one of this key over this body",
        "sign `id.timestamp.body` as sent with HMAC-SHA256, see docs/collect.md",
        "webhook-signature",
    )
