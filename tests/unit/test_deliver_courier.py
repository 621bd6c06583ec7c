"""A batch over real HTTP to the stand-in: results, splitting, alarms, and what a broken rule does."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence

import pytest
from structlog.testing import capture_logs

from agents.platforms import Platforms, running_platforms
from agents.platforms.behaviour import Order
from sinks.deliver.courier import Courier
from sinks.deliver.lanes import Lane
from sinks.deliver.letters import Letter, read_letter
from sinks.deliver.policy import Answered
from sinks.deliver.post import Poster
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, PlatformRules, Request, Result, Transient
from sinks.platforms.meta import Meta
from streams.events import Job, encode
from streams.settings import load_settings
from streams.tenants import Destination
from tests.unit.deliver_letters import EM, job

TO = Destination(platform="meta", pixel_id="123", token="env:TEST_TOKEN")


class OddMeta(Meta, frozen=True):
    """Fails on one event, as a bug in a rule would."""

    def build(self, jobs: Sequence[Job], pixel_id: str, test_event_code: str) -> Request:
        if any(job.event.event_id == "e-3" for job in jobs):
            raise KeyError("anna@example.com")
        return super().build(jobs, pixel_id, test_event_code)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "secret-of-the-test")


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with running_platforms() as running:
        yield running


def letters(count: int) -> list[Letter]:
    now_ms = int(time.time() * 1000)
    return [read_letter(encode(job(n, event_time_ms=now_ms)), {}, "meta.view", now_ms) for n in range(count)]


async def answers(
    url: str, to: Destination = TO, rules: type[PlatformRules] = Meta, count: int = 6
) -> list[tuple[Letter, Answered]]:
    settings = load_settings(meta_url=url, post_timeout_s=0.5)
    poster = Poster(settings)
    courier = Courier({"meta": rules.from_settings(settings)}, poster)
    carried = courier.carry(letters(count), to, Lane(60))
    found = [told async for settled in carried for told in settled]
    await poster.close()
    assert len(found) == count
    return found


async def carry(
    url: str, to: Destination = TO, rules: type[PlatformRules] = Meta, count: int = 6
) -> list[tuple[Letter, Result]]:
    return [(letter, answered.result) for letter, answered in await answers(url, to, rules, count)]


async def test_one_result_of_each_post_leads(platforms: Platforms) -> None:
    assert [answered.leads for _, answered in await answers(platforms.url)] == [True] + 5 * [False]
    assert sum(answered.leads for _, answered in await answers("http://127.0.0.1:9")) == 1  # a POST without answer


async def test_nothing_leads_where_nothing_was_posted(platforms: Platforms) -> None:
    gone = Destination(platform="meta", pixel_id="123", token="env:NOBODY_SETS_THIS")
    assert not any(answered.leads for _, answered in await answers(platforms.url, gone))


async def test_delivered_with_one_wide_line_and_no_body_or_token(platforms: Platforms) -> None:
    with capture_logs() as lines:
        found = await carry(platforms.url)
    assert {type(result) for _, result in found} == {Delivered}
    (line,) = lines
    assert (line["platform"], line["pixel"], line["n"], line["result"]) == ("meta", "123", 6, "delivered")
    assert line["trace_id"].startswith("stand-in-")
    assert "secret" not in str(line)


async def test_a_job_that_cannot_be_built_is_found_and_the_others_arrive(platforms: Platforms) -> None:
    with capture_logs() as lines:
        found = await carry(platforms.url, rules=OddMeta)
    assert [letter.job.event.event_id for letter, result in found if isinstance(result, Invalid)] == ["e-3"]
    assert platforms.ledger.totals()["events"] == 5
    assert "anna" not in str(lines)


async def test_nobody_listens_is_transient_after_two_more_tries_and_not_in_doubt() -> None:
    started_s = time.monotonic()
    with capture_logs() as lines:
        found = await carry("http://127.0.0.1:9")
    assert len(lines) == 3, "two retries and the post"
    assert not [leak for leak in ("secret", "Mozilla", EM) if leak in str(lines)]
    assert {result for _, result in found} == {Transient("ClientConnectorError", "no answer")}
    assert time.monotonic() - started_s < 3


@pytest.mark.parametrize("mode", ["hang", "reset"])
async def test_no_answer_is_transient_in_doubt_and_not_posted_again_at_once(
    platforms: Platforms, mode: str
) -> None:
    platforms.orders.give(Order(mode=mode, seconds=20 if mode == "hang" else None))  # type: ignore[arg-type]
    found = await carry(platforms.url)
    (result,) = {result for _, result in found}
    assert isinstance(result, Transient)
    assert result.why.endswith("in doubt")
    assert sum(platforms.ledger.totals()["answers"].values()) == 1


async def test_unreadable_token_is_the_pixels_failure_and_posts_nothing(platforms: Platforms) -> None:
    gone = Destination(platform="meta", pixel_id="123", token="env:NO_SUCH_TOKEN")
    found = await carry(platforms.url, gone)
    assert {result for _, result in found} == {
        Misconfigured("the token or the app secret cannot be read", "token")
    }
    assert platforms.ledger.totals()["answers"] == {}


async def test_dead_token_is_an_alarm_once_and_good_news_too(platforms: Platforms) -> None:
    platforms.orders.give(Order(mode="refuse_token"))
    settings = load_settings(meta_url=platforms.url)
    poster, clock, lane = Poster(settings), [0.0], Lane(60)
    courier = Courier({"meta": Meta.from_settings(settings)}, poster, lambda: clock[0])
    with capture_logs() as lines:
        for clock[0] in (0.0, 30.0, 61.0, 190.0):
            _ = [settled async for settled in courier.carry(letters(2), TO, lane)]
        platforms.orders.give(Order(mode="ok"))
        clock[0] = 500.0
        _ = [settled async for settled in courier.carry(letters(2), TO, lane)]
    await poster.close()
    assert [line["log_level"] for line in lines].count("error") == 1
    assert [line["event"] for line in lines].count("this pixel takes events again") == 1


@pytest.mark.parametrize(("bad", "most"), [(1, 4), (2, 6), (5, 12)])
async def test_bad_events_named_by_the_platform_cost_a_post_each(
    platforms: Platforms, bad: int, most: int
) -> None:
    for number in range(bad):
        platforms.orders.give(Order(mode="refuse_event", event_id=f"e-{number * 7}", named=True))
    found = await carry(platforms.url, count=50)
    assert sum(isinstance(result, Invalid) for _, result in found) == bad
    assert sum(platforms.ledger.totals()["answers"].values()) <= most
