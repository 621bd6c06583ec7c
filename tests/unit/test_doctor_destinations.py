"""What `capi doctor` says of destinations and platforms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.doctor.destinations import check_destinations
from agents.doctor.platforms import platform_checks
from agents.platforms import Platforms, running_platforms
from streams.settings import Settings, load_settings
from streams.tenants import parse_tenants

DESTINATION = """
[tenants.shop]
[[tenants.shop.destinations]]
platform = "meta"
pixel_id = "1"
token = "env:TEST_TOKEN"
"""
MORE = 'test_event_code = "T"\ntest_until = 2026-12-01T12:00:00Z\napp_secret = "env:TEST_APP_SECRET"\n'
ENDS_MS = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "secret-of-the-test")


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with running_platforms() as running:
        yield running


def pointing_at(url: str, folder: Path) -> Settings:
    (folder / "tenants.toml").write_text(DESTINATION)
    return load_settings(tenants=folder / "tenants.toml", meta_url=url, tiktok_url="http://127.0.0.1:9")


@pytest.mark.parametrize(("now_ms", "found"), [(ENDS_MS - 1, "until 2026-12-01"), (ENDS_MS, "ended 2026-12-01")])
def test_a_test_code_is_shown_while_it_counts_and_after_it(now_ms: int, found: str) -> None:
    checks = {check.name: check for check in check_destinations(parse_tenants(DESTINATION + MORE), now_ms)}
    test = checks["test code shop/meta/1"]
    assert (test.verdict, found in test.found) == ("warning", True)
    assert "test_event_code" in test.todo


@pytest.mark.parametrize(("secret", "verdict"), [("the-app-s", "ok"), (" ", "failed"), (None, "failed")])
def test_the_app_secret_is_read_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, secret: str | None, verdict: str
) -> None:
    monkeypatch.delenv("TEST_APP_SECRET", raising=False)
    if secret is not None:
        monkeypatch.setenv("TEST_APP_SECRET", secret)
    checks = {check.name: check for check in check_destinations(parse_tenants(DESTINATION + MORE), 0)}
    assert checks["app secret shop/meta/1"].verdict == verdict
    assert "the-app-s" not in repr(checks)


async def test_the_version_that_answers_is_compared(platforms: Platforms, tmp_path: Path) -> None:
    settings = pointing_at(platforms.url, tmp_path)
    (check,) = await platform_checks(settings)
    assert (check.name, check.verdict, check.found) == ("platform meta", "ok", "answers v26.0")
    platforms.meta_version = "v20.0"
    (check,) = await platform_checks(settings)
    assert (check.verdict, check.found) == ("warning", "v26.0 is asked for, v20.0 answers")
    assert "CAPI_META_VERSION" in check.todo


async def test_a_platform_out_of_reach_is_a_warning(tmp_path: Path) -> None:
    (check,) = await platform_checks(pointing_at("http://127.0.0.1:9", tmp_path))
    assert (check.name, check.verdict) == ("platform meta", "warning")


async def test_a_platform_without_a_token_is_not_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TEST_TOKEN")
    assert await platform_checks(pointing_at("http://127.0.0.1:9", tmp_path)) == []
