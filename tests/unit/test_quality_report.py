"""What the Quality page is made of: the questions to the ledger, periods, and Meta's answers in the background."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agents.quality_report import HOUR_MS, Hour, Own, OwnQualities, period_ms, report
from sinks.dataset_quality import DatasetQualityError, EventQuality
from streams.ledger.answers import Counts, Point, Quality, QualityRow, ReasonCount, Rejects
from streams.ledger.queries import CountsOf, QualityOf, Query
from streams.tenants import Destination, Tenant

NOW_MS, DAY_MS = 1_800_000_000_000, 86_400_000


def row(score: float) -> QualityRow:
    return QualityRow(
        tenant="shop", platform="meta", event_name="Purchase", events=10, score_sum=score * 10, scored=10
    )


class Asked:
    """A ledger with a better period after a worse one."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    async def __call__(self, query: Query) -> Any:
        self.queries.append(query)
        if isinstance(query, QualityOf):
            return Quality(rows=(row(8.0 if query.until_ms == NOW_MS else 6.0),))
        if isinstance(query, CountsOf):
            return Counts(
                points=(
                    Point(at_ms=HOUR_MS, tenant="shop", counts={"events": 5, "enriched": 2}),
                    Point(at_ms=0, tenant="shop", counts={"events": 1}),
                    Point(at_ms=0, tenant="shop", platform="meta", counts={"events": 99}),
                    Point(at_ms=0, tenant="other", counts={"events": 3, "enriched": 1}),
                )
            )
        few = ReasonCount(reason="no url", field="", tenant="shop", platform="", count=1, last_ms=1)
        many = ReasonCount(reason="no value", field="", tenant="shop", platform="meta", count=9, last_ms=1)
        return Rejects(reasons=(few, many))


async def test_a_report_asks_for_the_scope_only_and_compares_with_the_period_before() -> None:
    ask = Asked()
    found = await report(ask, DAY_MS, NOW_MS, ("shop",))
    assert [query.tenants for query in ask.queries] == [("shop",)] * 4
    periods = [(q.since_ms, q.until_ms) for q in ask.queries if isinstance(q, QualityOf)]
    assert periods == [(NOW_MS - DAY_MS, NOW_MS), (NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS)]
    assert [one.trend for one in found.rows] == [2.0]
    assert [reason.count for reason in found.reasons] == [9, 1]
    assert found.advice[0].code == "refused"
    assert found.hours == (Hour(0, 4, 1), Hour(HOUR_MS, 5, 2))
    assert (found.events, found.enriched) == (9, 3)


@pytest.mark.parametrize(("text", "ms"), [("90m", 5_400_000), ("24h", DAY_MS), ("7d", 7 * DAY_MS)])
def test_periods(text: str, ms: int) -> None:
    assert period_ms(text) == ms


@pytest.mark.parametrize("text", ["", "0h", "h", "1w", "24", "-1h", "999999d", "1h\n"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        period_ms(text)


class SlowQuality:
    """Answers for pixel 1 at once, for 2 never so, for 3 when told to."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.asked = 0

    async def of(self, one: Destination) -> tuple[EventQuality, ...]:
        self.asked += 1
        if one.pixel_id == "2":
            raise DatasetQualityError("Meta does not answer (ConnectError)")
        if one.pixel_id == "3":
            await self.told.wait()
        return (EventQuality("Purchase", 6.2),)


async def test_a_slow_answer_is_there_the_next_time_and_asked_for_once() -> None:
    meta = [Destination(platform="meta", pixel_id=number, token="env:T") for number in "123"]
    tiktok = Destination(platform="tiktok", pixel_id="C1", token="env:T")
    tenants = [("shop", Tenant(destinations=(*meta, tiktok)))]
    slow = SlowQuality()
    qualities = OwnQualities(slow)  # type: ignore[arg-type]
    good = (EventQuality("Purchase", 6.2),)
    first = Own(tenant="shop", pixel_id="1", events=good)
    found = await qualities.of(tenants, 0.05)
    assert found[:2] == (first, Own(tenant="shop", pixel_id="2", why="Meta does not answer (ConnectError)"))
    assert (found[2].events, "not answered yet" in found[2].why) == ((), True)
    await qualities.of(tenants, 0)
    slow.told.set()
    found = await qualities.of(tenants, 5)
    assert found[2] == Own(tenant="shop", pixel_id="3", events=good)
    assert slow.asked == 1 + 3 * 2  # pixel 3 once, the others each time: remembering is the client's
