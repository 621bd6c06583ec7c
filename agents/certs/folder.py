"""The folder of a CA: `ca.pem`, `ca-key.pem`, `server.pem`, and `site-NAME.pem` for each client site."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from agents.certs.make import (
    CertsError,
    Issued,
    hosts_of,
    new_ca,
    read,
    server_certificate,
    site_certificate,
)

CA, CA_KEY, SERVER = "ca.pem", "ca-key.pem", "server.pem"


class Written(msgspec.Struct, frozen=True):
    """A file. `expires` is ISO 8601; `private`: it holds a private key and is readable by its owner only."""

    path: str
    subject: str
    expires: str
    private: bool


class Folder:
    """All methods raise CertsError. Nothing is overwritten but by `rotate`."""

    def __init__(self, path: Path, now: datetime, days: int) -> None:
        self.path, self._now, self._days = path, now, days

    def bootstrap(self, hosts: Sequence[str], sites: Sequence[str]) -> list[Written]:
        names = [CA, CA_KEY, SERVER, *map(file_of, sites)]
        self._refuse_existing(names)
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CertsError(f"{self.path}: {error.strerror}") from error
        ca = new_ca(f"capi-stream sites, {hosts[0]}", self._now)
        made = [self._write(CA_KEY, ca.key_pem, ca, private=True)]
        made.append(self._write(CA, ca.certificate_pem, ca, private=False))
        made.append(self._write_issued(SERVER, server_certificate(ca, hosts, self._now, self._days)))
        return made + [self._issue(ca, site) for site in sites]

    def issue(self, sites: Sequence[str]) -> list[Written]:
        self._refuse_existing(list(map(file_of, sites)))
        ca = self._ca()
        return [self._issue(ca, site) for site in sites]

    def rotate(self, sites: Sequence[str], server: bool) -> list[Written]:
        """New keys and certificates for the same names, each in the place of the old by one rename."""
        ca = self._ca()
        old = [self._read(file_of(site)) for site in sites]  # all are there, before any is replaced
        made = []
        if server:
            hosts = hosts_of(self._read(SERVER).certificate)
            made.append(self._write_issued(SERVER, server_certificate(ca, hosts, self._now, self._days)))
        names = [hosts_of(one.certificate)[0] for one in old]
        return made + [self._issue(ca, name) for name in names]

    def _issue(self, ca: Issued, site: str) -> Written:
        return self._write_issued(file_of(site), site_certificate(ca, site, self._now, self._days))

    def _ca(self) -> Issued:
        try:
            return read((self.path / CA_KEY).read_bytes() + (self.path / CA).read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise CertsError(f"{self.path}: no CA here ({error}); begin with `capi certs bootstrap`") from error

    def _read(self, name: str) -> Issued:
        try:
            return read((self.path / name).read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise CertsError(
                f"{self.path / name}: cannot be read ({error}); `capi certs issue` makes it"
            ) from error

    def _refuse_existing(self, names: Sequence[str]) -> None:
        for name in names:
            if (self.path / name).exists():
                raise CertsError(f"{self.path / name} is there already; `capi certs rotate` replaces certificates")

    def _write_issued(self, name: str, issued: Issued) -> Written:
        return self._write(name, issued.pem, issued, private=True)

    def _write(self, name: str, content: bytes, issued: Issued, *, private: bool) -> Written:
        path = self.path / name
        try:
            replace(path, content, 0o600 if private else 0o644)
        except OSError as error:
            raise CertsError(f"{path}: {error.strerror}") from error
        certificate = issued.certificate
        subject = certificate.subject.rfc4514_string()
        return Written(str(path), subject, certificate.not_valid_after_utc.isoformat(), private)


def file_of(site: str) -> str:
    return f"site-{site}.pem"


def replace(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all; the mode holds from the first byte on."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
