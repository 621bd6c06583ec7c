"""Signed requests by Standard Webhooks (standardwebhooks.com, specification 1.0.0, read November 2026). Pure.

`webhook-signature` is `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, the body as sent, so before it is
inflated or parsed. Several, space separated, are one for each secret while secrets are rotated. A secret is the
base64 of 24 to 64 bytes, usually written with `whsec_` before it.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX, VERSION = "whsec_", "v1,"
TOLERANCE_S = 300
FEWEST_BYTES, MOST_BYTES = 24, 64
MOST_SIGNATURES = 10
_ID = re.compile(r"[!-~]{1,256}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SecretError(Exception):
    """The secret is none: not base64, or not 24 to 64 bytes. The message does not hold it."""


class SignatureError(Exception):
    """The request is not one of the sender's. `header` is the one at fault, the message what is wrong with it."""

    def __init__(self, header: str, message: str, *, stale: bool = False) -> None:
        super().__init__(message)
        self.header = header
        self.stale = stale  # the sender's clock, not its secret


def secret_bytes(secret: str) -> bytes:
    """The key that `secret` writes. Raises SecretError."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise SecretError("a secret is base64, with or without whsec_ before it") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise SecretError(f"a secret has {FEWEST_BYTES} to {MOST_BYTES} bytes, this one {len(key)}")
    return key


def signed_headers(secrets: Iterable[str], ident: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a request. `at_s`: now, in Unix seconds. Raises SecretError."""
    message = _message(ident, str(at_s), body)
    signatures = [VERSION + _mac(secret_bytes(secret), message).decode() for secret in secrets]
    return {ID: ident, TIMESTAMP: str(at_s), SIGNATURE: " ".join(signatures)}


def check_signature(
    secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now_s: float, tolerance_s: float = TOLERANCE_S
) -> None:
    """Whether one of `secrets` signed `body` not longer than `tolerance_s` ago. `headers` know no upper case.

    Raises SignatureError, and SecretError when a secret is none. Takes as long whichever signature is right.
    """
    ident, stamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not _ID.fullmatch(ident):
        raise SignatureError(ID, "missing, or not 1 to 256 visible ASCII characters")
    if not _TIMESTAMP.fullmatch(stamp):
        raise SignatureError(TIMESTAMP, "missing, or not Unix seconds")
    message = _message(ident, stamp, body)
    wanted = [_mac(secret_bytes(secret), message) for secret in secrets]
    found = [hmac.compare_digest(one, other) for one in _given(headers.get(SIGNATURE, "")) for other in wanted]
    if not any(found):
        raise SignatureError(SIGNATURE, "none is of this sender over this body")
    if abs(now_s - int(stamp)) > tolerance_s:
        raise SignatureError(TIMESTAMP, f"more than {tolerance_s:g} s from now", stale=True)


def _given(text: str) -> list[bytes]:
    parts = text.split(maxsplit=MOST_SIGNATURES)[:MOST_SIGNATURES]
    return [part.removeprefix(VERSION).encode(errors="replace") for part in parts if part.startswith(VERSION)]


def _message(ident: str, stamp: str, body: bytes) -> bytes:
    return b"%b.%b.%b" % (ident.encode(), stamp.encode(), body)


def _mac(key: bytes, message: bytes) -> bytes:
    return base64.b64encode(hmac.digest(key, message, "sha256"))
