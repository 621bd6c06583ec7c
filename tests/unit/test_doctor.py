"""Checks that need no service."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.doctor.check import Check
from agents.doctor.local import check_address, check_settings, check_tenants, check_versions
from agents.doctor.services import check_redis, check_topology
from sinks.topology_plan import QueueChange
from streams.settings import load_settings

TENANTS = """
[tenants.shop]
[[tenants.shop.destinations]]
platform = "meta"
pixel_id = "1"
token = "file:{path}"
[tenants.empty]
"""

KEYS = """
[tenants.shop]
[[tenants.shop.keys]]
kind = "secret"
id = "sk_backend"
secrets = ["file:{path}"]
[[tenants.shop.keys]]
kind = "publishable"
id = "pk_shop_12345678"
origins = ["https://shop.example", "http://localhost:8090"]
[[tenants.shop.keys]]
kind = "publishable"
id = "pk_plain_12345678"
origins = ["http://shop.example"]
"""


def verdicts(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.verdict for check in checks}


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("https://graph.facebook.com", "ok"),
        ("http://127.0.0.1:8088", "ok"),
        ("http://[::1]:8088", "ok"),
        ("http://localhost:8088", "ok"),
        ("http://graph.facebook.com", "failed"),
        ("https://graph.facebook.com/?access_token=x", "failed"),
        ("https://user@graph.facebook.com", "failed"),
        ("graph.facebook.com", "failed"),
    ],
)
def test_addresses_are_encrypted_and_hold_no_secret(address: str, verdict: str) -> None:
    check = check_address("CAPI_META_URL", address)
    assert check.verdict == verdict
    assert "access_token" not in check.found
    assert bool(check.todo) == (verdict == "failed")


@pytest.mark.parametrize(("token", "verdict"), [("secret-token\n", "ok"), (" \n", "failed"), (None, "failed")])
def test_every_token_is_read_and_none_is_shown(tmp_path: Path, token: str | None, verdict: str) -> None:
    if token is not None:
        (tmp_path / "token").write_text(token)
    (tmp_path / "tenants.toml").write_text(TENANTS.format(path=tmp_path / "token"))
    checks = check_tenants(load_settings(tenants=tmp_path / "tenants.toml"))
    assert verdicts(checks) == {"tenants": "ok", "token shop/meta/1": verdict, "tenant empty": "warning"}
    assert not any("secret-token" in check.found + check.todo for check in checks)


@pytest.mark.parametrize(
    ("secret", "verdict"),
    [("whsec_" + "A" * 32, "ok"), ("not base64!", "failed"), ("", "failed"), (None, "failed")],
)
def test_every_secret_of_a_key_is_read_and_none_is_shown(tmp_path: Path, secret: str | None, verdict: str) -> None:
    if secret is not None:
        (tmp_path / "secret").write_text(secret)
    (tmp_path / "tenants.toml").write_text(KEYS.format(path=tmp_path / "secret"))
    checks = check_tenants(load_settings(tenants=tmp_path / "tenants.toml"))
    assert verdicts(checks) == {
        "tenants": "ok",
        "tenant shop": "warning",
        "key sk_backend": verdict,
        "key pk_shop_12345678": "ok",
        "key pk_plain_12345678": "warning",
    }
    assert not secret or not any(secret in check.found + check.todo for check in checks)


def test_a_broken_tenants_file_is_one_failure(tmp_path: Path) -> None:
    (tmp_path / "tenants.toml").write_text("[tenants")
    [check] = check_tenants(load_settings(tenants=tmp_path / "tenants.toml"))
    assert check.verdict == "failed"


def test_the_defaults_contradict_nothing() -> None:
    assert verdicts(check_settings(load_settings())) == {"settings": "ok"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"idle_s": 900, "max_age_s": 600}, "CAPI_IDLE_S"),
        ({"tick_s": 1000}, "CAPI_TICK_S"),
        ({"merge_s": 300}, "CAPI_MERGE_S"),
        ({"recall_s": 250}, "CAPI_RECALL_S"),
        ({"retry_s": (900, 300)}, "CAPI_RETRY_S"),
        ({"prefetch": 10}, "CAPI_PREFETCH"),
        ({"event_max_age_s": 700_000}, "CAPI_EVENT_MAX_AGE_S"),
    ],
)
def test_values_that_do_not_go_together_are_named(changed: dict[str, object], named: str) -> None:
    found = [check.found for check in check_settings(load_settings(**changed)) if check.verdict == "warning"]
    assert any(named in text for text in found)


def test_the_installed_versions_are_the_pinned_ones() -> None:
    checks = list(check_versions())
    assert {"faust-streaming", "aiokafka"} <= set(verdicts(checks))
    assert {check.verdict for check in checks} == {"ok"}


def test_missing_queues_are_one_line_and_what_differs_has_its_own() -> None:
    changes = [QueueChange("queues", f"q{n}", "create") for n in range(5)]
    changes.append(QueueChange("queues", "odd", "refused", "is classic"))
    checks = check_topology(changes, {"queues": 8, "exchanges": 5})
    assert [(check.name, check.verdict) for check in checks] == [
        ("queues", "failed"),
        ("queues: odd", "failed"),
        ("exchanges", "ok"),
    ]
    assert checks[0].found == "5 of 8 missing: q0, q1, q2, …"


async def test_the_intakes_own_redis_is_looked_at_too() -> None:
    here, other = "redis://127.0.0.1:1/0", "redis://:hidden-word@127.0.0.1:2/0"
    both = await check_redis(load_settings(redis_url=here, intake_redis_url=other))
    assert verdicts(both) == {"redis": "failed", "intake redis": "failed"}
    assert "CAPI_INTAKE_REDIS_URL" in both[1].todo
    assert "hidden-word" not in str(both)
    assert len(await check_redis(load_settings(redis_url=here, intake_redis_url=here))) == 1
