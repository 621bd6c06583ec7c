"""What a POST has beside its events: test codes with an end, the proof of the app's secret, the version."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from agents.platforms import Platforms, running_platforms
from agents.platforms.behaviour import Order
from sinks.deliver.courier import Courier, digest, secrets_of
from sinks.deliver.lanes import Lane
from sinks.deliver.letters import read_letter
from sinks.deliver.post import Poster, Secrets
from sinks.deliver.versions import OTHER
from sinks.platforms import rules
from sinks.platforms.contract import Delivered, Misconfigured, Result
from sinks.platforms.meta import Meta
from sinks.platforms.proof import proven_body
from streams.events import encode
from streams.settings import load_settings
from streams.tenants import Destination, TenantsError, parse_tenants
from tests.contract.jobs import job as whole_job
from tests.unit.deliver_letters import NOW_MS, job

ENDS = datetime(2026, 12, 1, 12, tzinfo=UTC)
ENDS_MS = int(ENDS.timestamp() * 1000)
TESTED = Destination(
    platform="meta", pixel_id="123", token="env:TEST_TOKEN", test_event_code="TEST1", test_until=ENDS
)
PROVEN = Destination(platform="meta", pixel_id="123", token="env:TEST_TOKEN", app_secret="env:TEST_APP_SECRET")


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "secret-of-the-test")
    monkeypatch.setenv("TEST_APP_SECRET", "secret-of-the-app")


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with running_platforms() as running:
        yield running


async def carry(
    platforms: Platforms, to: Destination, now_ms: int = ENDS_MS, own_code: str = "", rounds: int = 1
) -> tuple[list[Result], list[Any]]:
    """Results and log lines of two events, `rounds` times."""
    settings = load_settings(meta_url=platforms.url, tiktok_url=platforms.url)
    poster, event_time_ms = Poster(settings), time.time_ns() // 1_000_000
    courier = Courier(rules(settings), poster, now_ms=lambda: now_ms)
    made = [job(n, event_time_ms=event_time_ms, test_event_code=own_code) for n in range(2)]
    letters = [read_letter(encode(one), {}, "meta.view", NOW_MS) for one in made]
    results = []
    with capture_logs() as lines:
        for _ in range(rounds):
            async for settled in courier.carry(letters, to, Lane(60)):
                results += [answered.result for _, answered in settled]
    await poster.close()
    return results, lines


@pytest.mark.parametrize(("now_ms", "code"), [(ENDS_MS - 1, "TEST1"), (ENDS_MS, "")])
def test_a_test_event_code_counts_until_its_time(now_ms: int, code: str) -> None:
    assert TESTED.test_code(now_ms) == code


@pytest.mark.parametrize(
    ("more", "wrong"),
    [
        ('test_event_code = "T"', "test_until"),
        ("test_until = 2026-12-01T12:00:00Z", "test_event_code"),
        ('test_event_code = "T"\ntest_until = 2026-12-01T12:00:00', "timezone"),
        ('app_secret = "the-secret-itself"', "app_secret"),
    ],
)
def test_the_tenants_file_says_what_is_wrong(more: str, wrong: str) -> None:
    head = '[tenants.a]\n[[tenants.a.destinations]]\nplatform = "meta"\npixel_id = "1"\ntoken = "env:X"\n'
    with pytest.raises(TenantsError, match=wrong):
        parse_tenants(head + more)
    with pytest.raises(TenantsError, match="Meta only"):
        parse_tenants(head.replace("meta", "tiktok") + 'app_secret = "env:Y"')


async def test_every_line_of_a_pixel_under_test_warns_and_none_after_it(platforms: Platforms) -> None:
    _, lines = await carry(platforms, TESTED, ENDS_MS - 1, rounds=2)
    assert [(line["event"], line["log_level"]) for line in lines] == [("post", "warning")] * 2
    assert all("2026-12-01 12:00:00+00:00" in line["test"] for line in lines)
    _, lines = await carry(platforms, TESTED, ENDS_MS)
    assert [(line["log_level"], "test" in line) for line in lines] == [("info", False)]


async def test_an_events_own_code_warns_too(platforms: Platforms) -> None:
    _, lines = await carry(platforms, PROVEN, own_code="OWN")
    assert [(line["log_level"], "own" in line["test"]) for line in lines] == [("warning", True)]


def test_the_proof_is_the_hmac_of_the_token_and_the_rest_of_the_body_stays() -> None:
    request = Meta("https://graph.example.com", "v26.0").build([whole_job()], "77", "TEST1")
    body = msgspec.json.decode(proven_body(request, "a-token", "an-app-secret"))
    # printf a-token | openssl dgst -sha256 -hmac an-app-secret
    proof = body.pop("appsecret_proof")
    assert proof == "b16c821ab4226dd6145c3484fbcd3fad1a53622d1d8d4e8839ff39b0fb1d6407"
    assert body == msgspec.json.decode(request.body)
    assert proven_body(request, "a-token", "") == request.body


async def test_meta_takes_the_proof_and_nobody_else_sees_it(platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="ask_proof", app_secret="secret-of-the-app"))
    results, lines = await carry(platforms, PROVEN)
    assert {type(result) for result in results} == {Delivered}
    assert "secret-of" not in str(lines)
    assert "appsecret" not in str(lines)


@pytest.mark.parametrize("to", [TESTED, PROVEN], ids=["missing", "wrong"])
async def test_a_refused_proof_is_the_pixels_failure_and_costs_no_event(
    platforms: Platforms, to: Destination
) -> None:
    platforms.orders.give(Order(mode="ask_proof", app_secret="another"))
    results, _ = await carry(platforms, to)
    assert {type(result) for result in results} == {Misconfigured}
    assert sum(platforms.ledger.totals()["answers"].values()) == 1


async def test_an_unreadable_app_secret_posts_nothing(
    platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (None, " "):
        monkeypatch.delenv("TEST_APP_SECRET") if value is None else monkeypatch.setenv("TEST_APP_SECRET", value)
        results, _ = await carry(platforms, PROVEN)
        assert {type(result) for result in results} == {Misconfigured}
    assert platforms.ledger.totals()["answers"] == {}


def test_a_rotated_app_secret_is_told_from_the_old_one_and_none_is_shown() -> None:
    found = secrets_of(PROVEN)
    assert found == Secrets("secret-of-the-test", "secret-of-the-app")
    assert "secret-of" not in repr(found)
    assert digest(found) != digest(Secrets("secret-of-the-test", "another"))
    assert sha256(b"secret-of-the-test").digest() != digest(found)


async def test_another_version_is_told_once_for_each_change(platforms: Platforms) -> None:
    platforms.meta_version = "v99.0"
    _, lines = await carry(platforms, PROVEN, rounds=3)
    alarms = [line for line in lines if line["log_level"] == "error"]
    assert [(line["asked"], line["answered"]) for line in alarms] == [("v26.0", "v99.0")]
    assert OTHER.labels("meta")._value.get() == 1


async def test_the_version_that_was_asked_for_is_no_news_and_its_return_is(platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="answer", times=1, headers={"Facebook-API-Version": "v25.0"}, body="{}"))
    _, lines = await carry(platforms, PROVEN, rounds=3)
    told = [(line["log_level"], line["answered"]) for line in lines if "answered" in line]
    assert told == [("error", "v25.0"), ("info", "v26.0")]
    assert OTHER.labels("meta")._value.get() == 0


@pytest.mark.parametrize(
    "body", ['{"code": 20001, "message": "Partial success"}', '{"events_received": 1, "fbtrace_id": "T"}']
)
async def test_what_was_not_all_counted_is_an_alarm_and_no_event_comes_twice(
    platforms: Platforms, body: str
) -> None:
    tiktok = Destination(platform="tiktok", pixel_id="C1", token="env:TEST_TOKEN")
    platforms.orders.give(Order(mode="answer", body=body))
    results, lines = await carry(platforms, tiktok if "20001" in body else PROVEN)
    assert {type(result) for result in results} == {Delivered}
    assert [line["log_level"] for line in lines] == ["info", "error"]
