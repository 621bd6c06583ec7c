"""sinks/jobs.py: which events of a batch go where, and by what name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sinks.jobs import job_for
from sinks.jobs import jobs as checked_jobs
from streams.events import Batch, Consent, Enriched, Event, Job, UserData
from streams.quality import refused
from streams.tenants import Destination, Tenant

NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
META = Destination(platform="meta", pixel_id="11", token="env:META_TOKEN")
TIKTOK = Destination(platform="tiktok", pixel_id="22", token="env:TIKTOK_TOKEN")


def enriched(
    name: str, event_id: str = "e", consent: Consent = "", fields: Mapping[str, Any] = NO_FIELDS, **backfilled: str
) -> Enriched:
    event = Event(
        event_id=event_id,
        event_name=name,
        event_time_ms=1,
        tenant="default",
        session_id="s",
        consent=consent,
        **fields,
    )
    return Enriched(event=event, backfilled=backfilled)


def batch(*events: Enriched) -> Batch:
    return Batch(
        batch_id="b1",
        tenant="default",
        session_id="s",
        reason="idle",
        partition=0,
        first_offset=0,
        opened_at_ms=1,
        flushed_at_ms=2,
        events=events,
    )


def jobs(batch: Batch, tenant: Tenant) -> list[Job]:
    return [checked.job for checked in checked_jobs(batch, tenant, now_ms=2)]


def names(destination: Destination, *events: str) -> list[str]:
    made = jobs(batch(*map(enriched, events)), Tenant(destinations=(destination,)))
    return [job.event_name for job in made]


def test_one_job_per_event_and_destination_in_order() -> None:
    made = jobs(batch(enriched("Purchase", "e1"), enriched("Lead", "e2")), Tenant(destinations=(META, TIKTOK)))
    assert [job.job_id for job in made] == [
        "meta:11:Purchase:e1",
        "tiktok:22:Purchase:e1",
        "meta:11:Lead:e2",
        "tiktok:22:Lead:e2",
    ]
    assert {job.batch_id for job in made} == {"b1"}


def test_a_job_says_what_was_backfilled() -> None:
    (job,) = jobs(batch(enriched("Lead", ph="e9", em="e9")), Tenant(destinations=(META,)))
    assert job.backfilled == ("em", "ph")


def test_page_views_go_to_meta_but_not_to_tiktok() -> None:
    assert names(META, "PageView", "ViewContent") == ["PageView", "ViewContent"]
    assert names(TIKTOK, "PageView", "ViewContent") == ["ViewContent"]


def test_a_destination_may_take_only_what_happened_in_some_places() -> None:
    places = ("website", "physical_store", "app")
    sold = [enriched("Purchase", fields={"action_source": place}) for place in places]
    shop = Destination(platform="tiktok", pixel_id="7", token="env:T", action_sources=("physical_store", "app"))
    found = [job_for(one, shop, "b") for one in sold]
    assert [job.event.action_source for job in found if job] == ["physical_store", "app"]
    assert all(job_for(one, TIKTOK, "b") for one in sold)


def test_a_tenant_renames_and_leaves_out() -> None:
    own = Destination(
        platform="tiktok",
        pixel_id="22",
        token="env:T",
        event_names={"Purchase": "CompletePayment", "Lead": "", "PageView": "Pageview"},
    )
    assert names(own, "Purchase", "Lead", "PageView", "Search") == ["CompletePayment", "Pageview", "Search"]


def test_identities_are_never_delivered_whatever_the_tenant_says() -> None:
    own = Destination(platform="meta", pixel_id="11", token="env:T", event_names={"Identify": "Lead"})
    assert names(own, "Identify") == []


def test_no_job_without_consent() -> None:
    made = jobs(
        batch(enriched("Lead", "no", "denied"), enriched("Lead", "yes", "granted")), Tenant(destinations=(META,))
    )
    assert [job.event.event_id for job in made] == ["yes"]


def test_a_tenant_without_destinations_has_no_jobs() -> None:
    assert jobs(batch(enriched("Lead")), Tenant()) == []


def test_each_destination_has_its_own_problems_and_score() -> None:
    user = UserData(em=("e",), ttclid="t", fbc="no click id")
    bought = enriched("Purchase", fields={"user": user, "event_source_url": "https://shop.example.com/"})
    meta, tiktok = checked_jobs(batch(bought), Tenant(destinations=(META, TIKTOK)), now_ms=2)
    assert [problem.code for problem in refused(meta.problems)] == ["no_value", "no_currency"]
    assert refused(tiktok.problems) == ()
    assert (meta.job.score, tiktok.job.score) == (3.0, 6.5), "a click id that is not sent counts for nothing"
