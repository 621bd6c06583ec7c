"""TLS between the sites, 1.3 or nothing."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

ClientCertificates = Literal["none", "optional", "required"]
VERIFY = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


def client_context(ca: str = "", cert: str = "", key: str = "") -> ssl.SSLContext:
    """Paths of PEM files, "" for: the machine's CAs, no certificate, a key that is in `cert`. Raises OSError."""
    context = ssl.create_default_context(cafile=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if cert:
        _load(context, cert, key)
    return context


def server_context(
    cert: str, key: str = "", client_ca: str = "", clients: ClientCertificates = "optional"
) -> ssl.SSLContext:
    """`clients` counts when `client_ca` says who signs their certificates. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _load(context, cert, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = VERIFY[clients]
    return context


def _load(context: ssl.SSLContext, cert: str, key: str) -> None:
    # without a password here, OpenSSL asks for one on the terminal
    context.load_cert_chain(cert, key or None, password=lambda: "")


def stamp(paths: Iterable[str]) -> tuple[tuple[int, int, int], ...]:
    """Another one when a file has been replaced. Raises OSError."""
    found = [Path(path).stat() for path in paths if path]
    return tuple((stat.st_ino, stat.st_size, stat.st_mtime_ns) for stat in found)
