"""`capi platforms` over HTTP: it refuses what the platforms refuse, and fails as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from agents.platforms import Platforms, running_platforms
from sinks.platforms import rules
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient
from streams.events import Job, Platform
from streams.settings import load_settings
from tests.contract.jobs import NOW_MS, job

BOTH: tuple[Platform, ...] = ("meta", "tiktok")
both = pytest.mark.parametrize("platform", BOTH)


class Client:
    """Sends jobs as the delivery worker does, with the real rules."""

    def __init__(self, platforms: Platforms) -> None:
        self.platforms = platforms
        self.rules = rules(load_settings(meta_url=platforms.url, tiktok_url=platforms.url))
        self.http = httpx.AsyncClient(timeout=5)

    async def send(self, platform: Platform, *jobs: Job, token: str = "secret", **options: Any) -> Result:
        request = self.rules[platform].build(jobs, "1234567890", "")
        head = {request.token_header.name: request.token_header.prefix + token} if token else {}
        answer = await self.http.post(
            request.url, content=options.pop("body", request.body), headers=request.headers | head, **options
        )
        return self.rules[platform].classify(answer.status_code, answer.headers, answer.content, len(jobs))

    async def behave(self, **order: Any) -> None:
        (await self.http.post(f"{self.platforms.url}/behave", json=order)).raise_for_status()

    async def totals(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.http.get(f"{self.platforms.url}/totals")).json()
        return answer


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with running_platforms(now_s=lambda: NOW_MS / 1000) as platforms:
        client = Client(platforms)
        async with client.http:
            yield client


@both
async def test_a_batch_is_taken_and_listed(client: Client, platform: Platform) -> None:
    assert isinstance(await client.send(platform, job(event_id="a"), job(event_id="b")), Delivered)
    assert isinstance(await client.send(platform, job(event_id="b")), Delivered)
    ledger = (await client.http.get(f"{client.platforms.url}/ledger?platform={platform}&pixel=1234567890")).json()
    assert [(event["event_id"], event["count"]) for event in ledger["events"]] == [("a", 1), ("b", 2)]
    assert ledger["totals"]["duplicates"] == 1
    assert ledger["totals"]["unknown_keys"] == {}
    assert "maria" not in str(ledger)


@both
async def test_one_old_event_costs_the_whole_batch(client: Client, platform: Platform) -> None:
    old = job(event_id="old", event_time_ms=NOW_MS - 8 * 86_400_000)
    result = await client.send(platform, job(event_id="good"), old)
    assert isinstance(result, Invalid)
    assert result.index is None
    assert (await client.totals())["events"] == 0


@both
async def test_no_token(client: Client, platform: Platform) -> None:
    assert isinstance(await client.send(platform, job(), token=""), Misconfigured)
    assert (await client.totals())["events"] == 0


@both
@pytest.mark.parametrize("key", ["em", "email", "ph", "phone"])
async def test_clear_personal_data_is_refused_and_counted(client: Client, platform: Platform, key: str) -> None:
    user = {"meta": "user_data", "tiktok": "user"}[platform]
    root = msgspec.json.decode(client.rules[platform].build([job()], "1234567890", "").body)
    root["data"][0][user][key] = "+15550100123"
    known = key in {"meta": ("em", "ph"), "tiktok": ("email", "phone")}[platform]
    result = await client.send(platform, job(), body=msgspec.json.encode(root))
    assert isinstance(result, Invalid if known else Delivered)
    totals = await client.totals()
    assert totals["privacy_violations"] == int(known)
    assert totals["unknown_keys"] == ({} if known else {f"{platform} {user}.{key}": 1})


@both
async def test_an_address_in_a_page_url_is_a_leak(client: Client, platform: Platform) -> None:
    leak = job(event_source_url="https://shop.example.com/thanks?email=maria%40example.com")
    assert isinstance(await client.send(platform, leak), Invalid)
    assert (await client.totals())["privacy_violations"] == 1


async def test_a_token_in_the_url_is_a_leak(client: Client) -> None:
    assert isinstance(await client.send("meta", job(), params={"access_token": "secret"}), Invalid)
    assert (await client.totals())["privacy_violations"] == 1


@both
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"data": 3}', b'{"data": [3]}', b'{"data": [{"user": {}}]}']
)
async def test_rubbish_is_refused(client: Client, platform: Platform, body: bytes) -> None:
    assert isinstance(await client.send(platform, job(), body=body), Invalid)


@both
async def test_more_than_a_thousand_events_are_refused(client: Client, platform: Platform) -> None:
    root = msgspec.json.decode(client.rules[platform].build([job()], "1234567890", "").body)
    root["data"] *= 1001
    assert isinstance(await client.send(platform, job(), body=msgspec.json.encode(root)), Invalid)


@both
@pytest.mark.parametrize(
    ("order", "meaning"),
    [
        ({"mode": "429", "retry_after_s": 2}, Throttled),
        ({"mode": "429", "status": 400}, Throttled),
        ({"mode": "500"}, Transient),
        ({"mode": "refuse_token"}, Misconfigured),
        ({"mode": "refuse_event", "event_id": "a"}, Invalid),
    ],
)
async def test_it_fails_as_often_as_told(
    client: Client, platform: Platform, order: dict[str, Any], meaning: type
) -> None:
    await client.behave(platform=platform, times=2, **order)
    results = [await client.send(platform, job(event_id="a")) for _ in range(3)]
    assert [type(result) for result in results] == [meaning, meaning, Delivered]
    if "retry_after_s" in order:
        assert isinstance(results[0], Throttled)
        assert results[0].after_s == 2
    assert (await client.totals())["accepted"] == 1


@both
async def test_refuse_event_leaves_other_batches_alone_and_can_name_it(client: Client, platform: Platform) -> None:
    await client.behave(mode="refuse_event", event_id="bad", named=True)
    assert isinstance(await client.send(platform, job(event_id="good")), Delivered)
    result = await client.send(platform, job(event_id="fine"), job(event_id="bad"))
    assert isinstance(result, Invalid)
    assert result.index == 1


@both
async def test_refuse_event_takes_one_in_many_by_its_id(client: Client, platform: Platform) -> None:
    await client.behave(mode="refuse_event", one_in=8, named=True)
    refused = [not isinstance(await client.send(platform, job(event_id=f"e-{n}")), Delivered) for n in range(80)]
    assert 3 <= sum(refused) <= 20
    result = await client.send(platform, *(job(event_id=f"e-{n}") for n in range(80)))
    assert isinstance(result, Invalid)
    assert result.index == refused.index(True)


async def test_an_order_for_one_pixel_or_platform_is_not_for_others(client: Client) -> None:
    await client.behave(mode="500", platform="meta")
    await client.behave(mode="500", pixel="another")
    assert isinstance(await client.send("tiktok", job()), Delivered)
    assert isinstance(await client.send("meta", job()), Transient)
    await client.behave(mode="ok")
    assert isinstance(await client.send("meta", job()), Delivered)


@both
@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("mode", ["reset", "hang"])
async def test_no_answer_with_and_without_the_events_taken(
    client: Client, platform: Platform, mode: str, accepted: bool
) -> None:
    await client.behave(mode=mode, accepted=accepted, times=1, seconds=0.05)
    with pytest.raises(httpx.TransportError):
        await client.send(platform, job())
    assert (await client.totals())["events"] == int(accepted)
    assert isinstance(await client.send(platform, job()), Delivered)


async def test_a_hanging_request_does_not_hold_up_others_or_the_end(client: Client) -> None:
    await client.behave(mode="hang", times=1)
    hanging = asyncio.create_task(client.send("meta", job()))
    async with asyncio.timeout(3):
        while "hang" not in str((await client.totals())["answers"]):
            await asyncio.sleep(0.01)
    assert isinstance(await client.send("meta", job(event_id="other")), Delivered)
    hanging.cancel()


async def test_slow_answers_come(client: Client) -> None:
    await client.behave(mode="slow", seconds=0.2, times=1)
    started_s = time.monotonic()
    assert isinstance(await client.send("meta", job()), Delivered)
    assert time.monotonic() - started_s >= 0.2


@pytest.mark.parametrize(
    "order",
    [
        {"mode": "explode"},
        {"mode": "refuse_event"},
        {"mode": "refuse_event", "event_id": "a", "one_in": 2},
        {"mode": "500", "one_in": 2},
        {"mode": "500", "times": 0},
        {},
    ],
)
async def test_a_wrong_order_is_refused(client: Client, order: dict[str, Any]) -> None:
    answer = await client.http.post(f"{client.platforms.url}/behave", json=order)
    assert answer.status_code == 400
    assert client.platforms.orders.standing == []


async def test_reset_forgets_events_and_orders(client: Client) -> None:
    await client.send("meta", job())
    await client.behave(mode="500")
    await client.http.post(f"{client.platforms.url}/reset")
    assert (await client.totals())["events"] == 0
    assert isinstance(await client.send("meta", job()), Delivered)


async def test_it_takes_two_thousand_events_a_second(client: Client) -> None:
    batches = [[job(event_id=f"{batch}-{n}") for n in range(50)] for batch in range(40)]
    started_s = time.monotonic()
    for jobs in batches:
        await client.send("meta", *jobs)
    assert 2000 / (time.monotonic() - started_s) >= 2000
    assert (await client.totals())["events"] == 2000
