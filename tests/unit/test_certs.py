"""`capi certs`: what it writes, what it refuses, and that OpenSSL sees what each certificate is for."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from typer.testing import CliRunner, Result

from agents.certs.folder import Folder
from agents.certs.make import CertsError
from agents.collect.tls import server_tls
from agents.commands.certs import app
from sinks.gateway.tls import client_context, server_context
from streams.settings import load_settings

NOW = datetime.now(UTC)


def folder(path: Path, now: datetime = NOW) -> Folder:
    return Folder(path, now, days=30)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def shaken(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict[str, Any]:
    """What the server knows of the client after a handshake in memory. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (one, other, one, other):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert one.version() == "TLSv1.3"
    return dict(other.getpeercert() or {})


def test_bootstrap_makes_all_that_two_sites_need(tmp_path: Path) -> None:
    found = run(
        "bootstrap",
        "--host",
        "gw.example.com",
        "--host",
        "127.0.0.1",
        "--site",
        "berlin",
        "--dir",
        str(tmp_path),
        "--json",
    )
    assert found.exit_code == 0, found.output
    files = {Path(file["path"]).name: file for file in json.loads(found.stdout)["files"]}
    assert set(files) == {"ca.pem", "ca-key.pem", "server.pem", "site-berlin.pem"}
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "ca.pem": "0o644",
        "ca-key.pem": "0o600",
        "server.pem": "0o600",
        "site-berlin.pem": "0o600",
    }
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()
    assert "PRIVATE" not in found.output
    ca, server, site = (str(tmp_path / name) for name in ("ca.pem", "server.pem", "site-berlin.pem"))
    peer = shaken(
        server_context(server, client_ca=ca, clients="required"), client_context(ca, site), "gw.example.com"
    )
    assert peer["subject"] == ((("commonName", "berlin"),),)
    shaken(server_context(server), client_context(ca), "127.0.0.1")


def test_a_server_s_certificate_is_no_client_s_nor_the_other_way_round(tmp_path: Path) -> None:
    folder(tmp_path).bootstrap(["gw.example.com"], ["berlin"])
    ca, server, site = (str(tmp_path / name) for name in ("ca.pem", "server.pem", "site-berlin.pem"))
    required = server_context(server, client_ca=ca, clients="required")
    with pytest.raises(ssl.SSLError):
        shaken(required, client_context(ca, server), "gw.example.com")
    with pytest.raises(ssl.SSLError):
        shaken(server_context(site), client_context(ca), "berlin")


def test_the_wrong_host_and_an_expired_certificate_are_refused(tmp_path: Path) -> None:
    folder(tmp_path, now=NOW - timedelta(days=40)).bootstrap(["gw.example.com"], [])
    ca, server = str(tmp_path / "ca.pem"), str(tmp_path / "server.pem")
    with pytest.raises(ssl.SSLError, match="expired"):
        shaken(server_context(server), client_context(ca), "gw.example.com")
    folder(tmp_path).rotate([], server=True)
    with pytest.raises(ssl.SSLError, match="mismatch"):
        shaken(server_context(server), client_context(ca), "other.example.com")
    shaken(server_context(server), client_context(ca), "gw.example.com")


def test_nothing_is_overwritten_but_by_rotate(tmp_path: Path) -> None:
    place = folder(tmp_path)
    place.bootstrap(["gw.example.com"], ["berlin"])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    acts: list[Callable[[], object]] = [
        lambda: place.bootstrap(["gw.example.com"], []),
        lambda: place.issue(["vienna", "berlin"]),
        lambda: place.rotate(["berlin", "nobody"], server=True),
    ]
    for act in acts:
        with pytest.raises(CertsError):
            act()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    place.issue(["vienna"])
    place.rotate(["berlin"], server=False)
    changed = {path.name for path, content in before.items() if path.read_bytes() != content}
    assert changed == {"site-berlin.pem"}
    assert oct((tmp_path / "site-berlin.pem").stat().st_mode & 0o777) == "0o600"
    renewed = x509.load_pem_x509_certificate((tmp_path / "site-berlin.pem").read_bytes())
    assert renewed.subject.rfc4514_string() == "CN=berlin"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("issue", "--site", "vienna"), 1),
        (("rotate", "--server"), 1),
        (("rotate",), 2),
        (("issue",), 2),
        (("issue", "--site", "../x"), 2),
        (("bootstrap", "--host", "gw example"), 2),
        (("bootstrap",), 2),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    found = run(*arguments, "--dir", str(tmp_path / "none"))
    assert found.exit_code == code
    assert found.output
    assert not (tmp_path / "none").exists()


def test_a_collector_without_its_files_does_not_start(tmp_path: Path) -> None:
    folder(tmp_path).bootstrap(["localhost"], [])
    server = str(tmp_path / "server.pem")
    assert server_tls(load_settings()) is None
    assert server_tls(load_settings(tls_cert=server))
    for wrong in (
        {"tls_cert": str(tmp_path / "none")},
        {"tls_cert": server, "tls_key": str(tmp_path / "ca-key.pem")},
        {"tls_cert": server, "tls_client_ca": str(tmp_path / "none")},
    ):
        with pytest.raises(OSError):  # ssl.SSLError is one too
            server_tls(load_settings(**wrong))
