"""Meta Conversions API: what an event looks like there, and what may not be sent. Answers: meta_answers.py.

Sources, all read November 2026, developers.facebook.com/docs/marketing-api/conversions-api: "Using the API"
(request, limits), "Parameters / Server event", "Parameters / Customer information" and "Parameters / Custom data".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import msgspec

from sinks.platforms import meta_advice, meta_answers
from sinks.platforms.answers import header
from sinks.platforms.contract import Addresses, Request, Result, TokenHeader, one_group
from streams import quality
from streams.envelope import ACTION_SOURCES
from streams.events import Event, Job, Platform, UserData
from streams.quality import DAY_MS, ISO_4217, MAX_AGE_MS, Problem
from streams.quality.amounts import Amount

MAX_AGE_PHYSICAL_STORE_MS = 62 * DAY_MS
# "Data Processing Options": limited data use, the state to be found by Meta. Read November 2026.
LIMITED = {
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 0,
    "data_processing_options_state": 0,
}
HASHED_KEYS = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id")
CLEAR_KEYS = ("client_user_agent", "fbc", "fbp")
# An event whose user_data is within one of these cannot be matched and is refused (100/2804050).
TOO_LITTLE = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)


class Meta(msgspec.Struct, frozen=True):
    """`base_url` without a path, for example `https://graph.facebook.com`; `version` as in `v26.0`."""

    base_url: str
    version: str

    name: ClassVar[Platform] = "meta"

    @classmethod
    def from_settings(cls, settings: Addresses) -> Self:
        return cls(settings.meta_url.rstrip("/"), settings.meta_version)

    @classmethod
    def event_name(cls, name: str) -> str | None:
        """The pipeline speaks Meta's words already; own names are custom events there."""
        return None if name == "Identify" else name

    def group_key(self, job: Job) -> tuple[str, ...]:
        return (job.event.test_event_code,)

    @classmethod
    def preflight(cls, job: Job, now_ms: int) -> tuple[Problem, ...]:
        event = job.event
        person = quality.person(event)
        max_age_ms = MAX_AGE_PHYSICAL_STORE_MS if event.action_source == "physical_store" else MAX_AGE_MS
        return (
            *quality.consent(event.consent),
            *quality.event_time(event.event_time_ms, now_ms, max_age_ms),
            *amount(job).problems,
            *quality.enough_keys(user_data(person.user), TOO_LITTLE),
            *person.problems,
            *quality.items(event.custom_data).problems,
            *website(event),
        )

    def build(self, jobs: Sequence[Job], pixel_id: str, test_event_code: str) -> Request:
        (own_code,) = one_group(self, jobs)
        root: dict[str, Any] = {"data": [server_event(job) for job in jobs]}
        if code := own_code or test_event_code:
            root["test_event_code"] = code
        return Request(
            url=f"{self.base_url}/{self.version}/{pixel_id}/events",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(root),
            token_header=TokenHeader("Authorization", "Bearer "),
            events=len(jobs),
            proof_member="appsecret_proof",
        )

    def version_answered(self, headers: Mapping[str, str]) -> str:
        return header(headers, "facebook-api-version")

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, sent: int) -> Result:
        return meta_answers.classify(status, headers, body)

    @classmethod
    def advice(cls, code: str) -> str:
        return meta_advice.advice(code)


PLATFORM = Meta


def server_event(job: Job) -> dict[str, Any]:
    """One member of `data`. `event_time` is Unix seconds; keys without a value are left out."""
    event = job.event
    members = {
        "event_name": job.event_name,
        "event_time": event.event_time_ms // 1000,
        "event_id": event.event_id,
        "action_source": event.action_source if event.action_source in ACTION_SOURCES else "other",
        "event_source_url": event.event_source_url,
        "referrer_url": event.referrer_url,
        "user_data": user_data(quality.person(event).user),
        "custom_data": custom_data(job),
    }
    limited = LIMITED if event.consent == "limited" else {}
    opted_out = {"opt_out": True} if event.opt_out else {}
    return {name: value for name, value in members.items() if value not in ("", {})} | limited | opted_out


def user_data(user: UserData) -> dict[str, Any]:
    """Hashed keys as lists, the others as text. An empty value is never sent: its hash would match strangers."""
    hashed = {key: list(values) for key in HASHED_KEYS if (values := getattr(user, key))}
    clear = {key: value for key in CLEAR_KEYS if (value := getattr(user, key))}
    address = {"client_ip_address": user.client_ip} if user.client_ip else {}
    return hashed | address | clear


def custom_data(job: Job) -> dict[str, Any]:
    """The event's own data; Meta's words are the pipeline's. Fields that would cost the batch are left out."""
    custom = job.event.custom_data
    own = {
        name: value
        for name, value in custom.items()
        if value is not None and name not in ("value", "currency", "contents")
    }
    contents = quality.items(custom).members  # 2804008: an item without id
    return own | amount(job).members | ({"contents": contents} if contents else {})


def amount(job: Job) -> Amount:
    """100/2804009 and 100/2804023: a Purchase needs both halves."""
    return quality.amount(job.event.custom_data, ISO_4217, job.event_name == "Purchase", required=True)


def website(event: Event) -> tuple[Problem, ...]:
    """Both are documented as required, and taken without."""
    found = (*quality.page(event), *quality.browser(event)) if event.action_source == "website" else ()
    return tuple(quality.warning(problem) for problem in found)
