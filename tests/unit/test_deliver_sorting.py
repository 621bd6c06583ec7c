"""What is refused just before the POST, and as what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from msgspec.structs import replace

from sinks.deliver.letters import read_letter
from sinks.deliver.policy import Drop, Park
from sinks.deliver.settle import Held
from sinks.deliver.sorting import Sorted, Sorter
from sinks.delivered import DeliveredJobs
from sinks.platforms import rules
from streams.events import Erased, Job, Platform, encode
from streams.settings import load_settings
from streams.tenants import parse_tenants
from streams.tombstones import Tombstones, mark_of
from tests.contract.jobs import NOW_MS, job

DAY_MS = 86_400_000
DESTINATION = '[[tenants.default.destinations]]\nplatform = "{}"\npixel_id = "1234567890"\ntoken = "env:T"\n'
TENANTS = parse_tenants("[tenants.default]\n" + "".join(map(DESTINATION.format, ("meta", "tiktok"))))


class NothingYet:
    """An idempotency store that knows no job."""

    async def claim(self, job_ids: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(job_ids, "ours")


async def sort(subject: Job, tombstones: Tombstones | None = None, **settings: Any) -> Sorted:
    limits = load_settings(**settings)
    sorter = Sorter(cast(DeliveredJobs, NothingYet()), TENANTS, rules(limits), limits, tombstones or Tombstones())
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


@pytest.mark.parametrize(
    ("field", "left_ms", "dropped"),
    [
        ("em", NOW_MS - 1, True),
        ("em", NOW_MS, False),
        ("external_id", NOW_MS - 1, True),
        ("fn", NOW_MS - 1, False),
    ],
)
async def test_who_was_erased_after_it_left_its_session_is_not_sent(
    field: str, left_ms: int, dropped: bool
) -> None:
    digest, tombstones = "e" * 64, Tombstones()
    tombstones.learn(encode(Erased(tenant="default", mark=mark_of("default", digest))), NOW_MS)
    tombstones.learn(b"no tombstone", NOW_MS)
    sent = job("meta")
    user = replace(sent.event.user, **{field: (digest,)})
    subject = replace(sent, event=replace(sent.event, user=user), left_ms=left_ms)
    found = await sort(subject, tombstones)
    assert [decision for _, decision in found.decided] == (
        [Drop(outcome="invalid", why="erased on request", code="dropped")] if dropped else []
    )
    other = replace(subject, event=replace(subject.event, tenant="other"))
    assert not tombstones.forbid(other)
