"""What the doctor says of the way between sites, without one."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.certs.folder import Folder
from agents.doctor.gateway import check_certificates, check_sites
from agents.doctor.local import check_tenants
from agents.roles import usual_roles
from streams.settings import Settings, load_settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SITES = """
[tenants.shop]
[sites.berlin]
tenants = ["shop"]
secrets = ["file:{0}/secret", "env:CAPI_TEST_NEXT"]
[sites.bern]
tenants = ["shop"]
certificate = "bern"
"""


def settings(folder: Path, text: str = SITES, **more: str) -> Settings:
    (folder / "tenants.toml").write_text(text.format(folder))
    return load_settings(tenants=folder / "tenants.toml", **more)


def test_sites_have_secrets_that_are_some_and_none_is_shown(tmp_path: Path) -> None:
    def verdicts() -> dict[str, str]:
        checks = list(check_sites(settings(tmp_path, tls_client_ca="ca.pem")))
        assert not any(SECRET in check.found + check.todo for check in checks)
        return {check.name: check.verdict for check in checks}

    assert verdicts() == {"site berlin": "failed", "site bern": "ok"}
    (tmp_path / "secret").write_text(SECRET)
    assert verdicts() == {"site berlin": "ok", "site bern": "ok"}, "the second is for a rotation"
    (tmp_path / "secret").write_text("too short")
    assert verdicts()["site berlin"] == "failed"


def test_a_site_that_has_to_show_a_certificate_is_asked_for_one(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    found = [(check.name, check.verdict) for check in check_sites(settings(tmp_path))]
    assert found == [("site berlin", "ok"), ("site bern", "ok"), ("site bern", "warning")]


@pytest.mark.parametrize(("days", "verdict"), [(0, "ok"), (40, "warning"), (61, "failed")])
def test_certificates_are_looked_at_before_they_end(tmp_path: Path, days: int, verdict: str) -> None:
    now = datetime.now(UTC)
    Folder(tmp_path, now, days=60).bootstrap(["gw.example.com"], ["berlin"])
    own = {"gateway_cert": str(tmp_path / "site-berlin.pem"), "gateway_ca": str(tmp_path / "ca.pem")}
    checks = list(check_certificates(load_settings(**own), now + timedelta(days=days)))
    assert [(check.name, check.verdict) for check in checks] == [
        ("CAPI_GATEWAY_CA", "ok"),
        ("CAPI_GATEWAY_CERT", verdict),
    ]
    os.truncate(tmp_path / "site-berlin.pem", 20)
    assert [check.verdict for check in check_certificates(load_settings(**own), now)] == ["ok", "failed"]


def test_a_client_site_needs_no_destinations(tmp_path: Path) -> None:
    own = {"gateway_url": "https://gw.example.com", "gateway_site": "berlin"}
    assert [check.verdict for check in check_tenants(settings(tmp_path, "[tenants.shop]", **own))] == ["ok"]
    assert [check.verdict for check in check_tenants(settings(tmp_path, "[tenants.shop]"))] == ["ok", "warning"]


def test_a_client_site_runs_no_delivery_and_a_central_one_the_door(tmp_path: Path) -> None:
    client = settings(tmp_path, "[tenants.shop]", gateway_url="https://gw.example.com", gateway_site="berlin")
    assert usual_roles(client) == ["ingest", "sessions", "visitors", "dispatch", "ledger"]
    assert usual_roles(settings(tmp_path))[-3:] == ["deliver", "ledger", "collect"]
