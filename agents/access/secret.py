"""The secret by which the roles of a site know each other, and the keys that are made of it."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from streams.settings import Settings
from streams.tenants import read_secret, secret_path

SHORTEST = 32  # characters
WHOSE = "CAPI_INTERNAL_SECRET"


class SecretError(Exception):
    """There is no usable secret; the message says what to do."""


def internal_secret(settings: Settings) -> bytes:
    """What CAPI_INTERNAL_SECRET points at; a file that is missing is made, mode 0600. Raises SecretError,
    TenantsError."""
    kind, _, place = settings.internal_secret.partition(":")
    if kind == "file" and not (path := secret_path(place)).exists():
        _make(path)
    found = read_secret(settings.internal_secret, WHOSE)
    if len(found) < SHORTEST:
        raise SecretError(
            f"{WHOSE}: {place} is shorter than {SHORTEST} characters; `openssl rand -hex 32` makes one"
        )
    return found.encode()


def _make(path: Path) -> None:
    """Whole or not at all, by whoever comes first: roles start together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def sign(secret: bytes, purpose: str, text: str) -> str:
    """A MAC that is good for one purpose only."""
    digest = hmac.digest(secret, f"{purpose}\0{text}".encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_signed(secret: bytes, purpose: str, text: str, mac: str) -> bool:
    return hmac.compare_digest(sign(secret, purpose, text).encode(), mac.encode(errors="replace"))


def sealed(secret: bytes, purpose: str, body: bytes) -> str:
    """`<body in base64url>.<mac>`."""
    payload = base64.urlsafe_b64encode(body).rstrip(b"=").decode()
    return f"{payload}.{sign(secret, purpose, payload)}"


def opened(secret: bytes, purpose: str, text: str) -> bytes | None:
    """The body of what was sealed for this purpose, else None."""
    payload, _, mac = text.partition(".")
    if not is_signed(secret, purpose, payload, mac):
        return None
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def locked(secret: bytes, purpose: str, body: bytes, now_s: float) -> str:
    """Sealed, and not to be read by who carries it."""
    return _fernet(secret, purpose).encrypt_at_time(body, int(now_s)).decode()


def unlocked(secret: bytes, purpose: str, text: str, good_for_s: int, now_s: float) -> bytes | None:
    """The body of what was locked for this purpose no longer ago than that, else None."""
    try:
        return _fernet(secret, purpose).decrypt_at_time(text.encode(errors="replace"), good_for_s, int(now_s))
    except InvalidToken:
        return None


def _fernet(secret: bytes, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.digest(secret, f"lock\0{purpose}".encode(), "sha256")))
