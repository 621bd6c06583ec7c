"""What is refused just before the POST, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from sinks.deliver.letters import read_letter
from sinks.deliver.policy import Drop, Park
from sinks.deliver.settle import Held
from sinks.deliver.sorting import Sorted, Sorter
from sinks.delivered import DeliveredJobs
from sinks.platforms import rules
from streams.events import Job, Platform, encode
from streams.settings import load_settings
from streams.tenants import parse_tenants
from tests.contract.jobs import NOW_MS, job

DAY_MS = 86_400_000
DESTINATION = '[[tenants.default.destinations]]\nplatform = "{}"\npixel_id = "1234567890"\ntoken = "env:T"\n'
TENANTS = parse_tenants("[tenants.default]\n" + "".join(map(DESTINATION.format, ("meta", "tiktok"))))


class NothingYet:
    """An idempotency store that knows no job."""

    async def claim(self, job_ids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(job_ids, "ours")


async def sort(subject: Job, **settings: Any) -> Sorted:
    limits = load_settings(**settings)
    sorter = Sorter(cast(DeliveredJobs, NothingYet()), TENANTS, rules(limits), limits)
    letter = read_letter(encode(subject), {}, "meta.purchase", NOW_MS)
    return await sorter.sort([Held(subject.job_id, letter, [])], NOW_MS)


@pytest.mark.parametrize("invalid", ["park", "discard"])
@pytest.mark.parametrize(
    ("platform", "days", "why"),
    [
        ("meta", None, ""),
        ("meta", 62, ""),
        ("meta", 63, "older than 62 days"),
        ("tiktok", 7, ""),
        ("tiktok", 8, "older than 7 days"),
    ],
)
async def test_sales_in_shops_have_their_platforms_age_limit(
    platform: Platform, days: int | None, why: str, invalid: str
) -> None:
    sold = job(platform, action_source="physical_store", event_time_ms=NOW_MS - (days or 0) * DAY_MS)
    found = await sort(sold, invalid=invalid)
    decisions = [decision for _, decision in found.decided]
    assert decisions == ([Park(outcome="expired", why=why)] if why else [])
    assert len(found.sendable) == (not why)


@pytest.mark.parametrize(("invalid", "kind"), [("park", Park), ("discard", Drop)])
async def test_what_its_platform_would_refuse_goes_where_the_setting_says(invalid: str, kind: type) -> None:
    found = await sort(job(custom_data={}), invalid=invalid)
    ((_, decision),) = found.decided
    assert type(decision) is kind
