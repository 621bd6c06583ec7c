"""Meta's own match quality, asked of the stand-in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.platforms import Platforms, running_platforms
from agents.platforms.behaviour import Order
from sinks.dataset_quality import CACHE_S, FAILED_S, DatasetQuality, DatasetQualityError, parse_quality
from streams.settings import Settings, load_settings
from streams.tenants import Destination, TenantsError, parse_tenants

PIXEL, TOKEN = "1234567890", "EAAsecretToken"
HASH = "a" * 64


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with running_platforms() as running:
        yield running


@pytest.fixture
def settings(platforms: Platforms) -> Settings:
    return load_settings(meta_url=platforms.url)


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    (tmp_path / "token").write_text(TOKEN)
    return Destination(platform="meta", pixel_id=PIXEL, token=f"file:{tmp_path}/token")


async def post(platforms: Platforms, event_id: str, user: dict[str, Any]) -> None:
    event = {
        "event_name": "Purchase",
        "event_time": int(platforms._now_s()),
        "event_id": event_id,
        "action_source": "website",
        "user_data": user,
        "custom_data": {"value": 1, "currency": "EUR"},
    }
    async with httpx.AsyncClient(headers={"Authorization": "Bearer any"}) as client:
        answer = await client.post(f"{platforms.url}/v26.0/{PIXEL}/events", json={"data": [event]})
    assert answer.status_code == 200


async def test_the_platforms_own_score_and_keys(
    platforms: Platforms, settings: Settings, destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "httpx"):  # whatever level another test set
        caplog.set_level(logging.DEBUG, name)
    await post(platforms, "1", {"em": [HASH], "ph": [HASH], "fbp": "fb.1.1.1"})
    await post(platforms, "2", {"em": [HASH]})
    (purchase,) = await DatasetQuality(settings).of(destination)
    assert (purchase.event_name, purchase.score) == ("Purchase", 3.5)
    assert purchase.coverage == {"email": 100.0, "phone": 50.0, "fbp": 50.0}
    assert platforms.ledger.totals()["privacy_violations"] == 0  # a token in the URL is one
    assert "dataset_quality" in caplog.text
    assert TOKEN not in caplog.text


async def test_an_answer_is_remembered_for_an_hour_and_a_failure_for_a_minute(
    platforms: Platforms, settings: Settings, destination: Destination
) -> None:
    now_s = [0.0]
    quality = DatasetQuality(settings, lambda: now_s[0])
    platforms.orders.give(Order(mode="refuse_token"))
    for _ in range(2):
        with pytest.raises(DatasetQualityError, match=r"refuses the token \(code 190\)"):
            await quality.of(destination)
    platforms.orders.clear()
    now_s[0] = FAILED_S - 1
    with pytest.raises(DatasetQualityError):
        await quality.of(destination)
    now_s[0] = FAILED_S
    assert await quality.of(destination) == ()
    await post(platforms, "1", {"em": [HASH]})
    now_s[0] += CACHE_S - 1
    assert await quality.of(destination) == ()
    now_s[0] += 1
    assert len(await quality.of(destination)) == 1


async def test_a_token_of_its_own_goes_before_the_destinations(
    settings: Settings, destination: Destination, tmp_path: Path
) -> None:
    own = Destination(
        platform="meta", pixel_id=PIXEL, token=destination.token, quality_token=f"file:{tmp_path}/none"
    )
    with pytest.raises(DatasetQualityError, match="quality token of pixel"):
        await DatasetQuality(settings).of(own)


async def test_meta_is_away(destination: Destination) -> None:
    away = DatasetQuality(load_settings(meta_url="http://127.0.0.1:9"))
    with pytest.raises(DatasetQualityError, match="does not answer") as failed:
        await away.of(destination)
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize(("mode", "why"), [("429", "refused with code 4"), ("500", "refused with code 2")])
async def test_meta_fails(
    platforms: Platforms, settings: Settings, destination: Destination, mode: Any, why: str
) -> None:
    platforms.orders.give(Order(mode=mode))
    with pytest.raises(DatasetQualityError, match=why):
        await DatasetQuality(settings).of(destination)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"web": 1}', b'{"web": [{}]}', b"[" * 5000])
def test_another_shape_is_told(body: bytes) -> None:
    with pytest.raises(DatasetQualityError, match="another shape"):
        parse_quality(body)


def test_what_meta_leaves_out_is_unknown() -> None:
    (lead, view) = parse_quality(
        b'{"web":[{"event_name":"Lead"},{"event_name":"ViewContent","event_match_quality":{"composite_score":"6.2",'
        b'"match_key_feedback":[{"identifier":"email"},{"identifier":"fbp","coverage":{"percentage":80}}]},"new":1}]}'
    )
    assert (lead.score, lead.coverage) == (None, {})
    assert (view.score, view.coverage) == (6.2, {"fbp": 80.0})


def test_only_meta_has_a_quality_token() -> None:
    text = (
        "[tenants.shop]\n[[tenants.shop.destinations]]\nplatform = 'tiktok'\npixel_id = 'C1'\ntoken = 'env:T'\n"
        "quality_token = 'env:Q'"
    )
    with pytest.raises(TenantsError, match="for Meta only"):
        parse_tenants(text)
