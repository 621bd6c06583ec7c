"""TikTok Events API 2.0: what an event looks like there, and what may not be sent.

Sources, read November 2026, business-api.tiktok.com/portal/docs: "Events API 2.0" (`event/track/`, parameters, web
and offline events), "Deduplicate events" and "Return codes". What answers mean is in tiktok_answers.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import msgspec

from sinks.platforms import tiktok_advice, tiktok_answers
from sinks.platforms.contract import Addresses, Request, Result, TokenHeader, one_group
from streams import quality
from streams.events import Job, Platform, UserData
from streams.quality import Problem
from streams.quality.amounts import Amount

PATH = "/open_api/v1.3/event/track/"
# The pipeline's action sources in TikTok's words. A request has one event_source for all of its events.
EVENT_SOURCES = {
    "website": "web",
    "app": "app",
    "physical_store": "offline",
    "phone_call": "offline",
    "email": "crm",
    "chat": "crm",
    "business_messaging": "crm",
    "system_generated": "crm",
}
NOT_SENT = frozenset({"Identify", "PageView"})  # PageView is no standard event of TikTok's; a tenant can name one
USER_LISTS = {"email": "em", "phone": "ph_e164", "external_id": "external_id"}
USER_FIRST = {"first_name": "fn", "last_name": "ln", "zip_code": "zp"}
USER_CLEAR = {
    "city": "city",
    "state": "state",
    "country": "country_code",
    "ttclid": "ttclid",
    "ttp": "ttp",
    "ip": "client_ip",
    "user_agent": "client_user_agent",
}
PROPERTIES = (
    "content_type",
    "content_ids",
    "num_items",
    "search_string",
    "order_id",
    "description",
)
CONTENT_KEYS = {
    "content_id": ("content_id", "id"),
    "price": ("price", "item_price"),
    "quantity": ("quantity",),
    "content_name": ("content_name", "title", "name"),
    "content_category": ("content_category", "category"),
    "brand": ("brand",),
}


# "A fixed list"; this one TikTok publishes as code: tiktok-business-ios-sdk, TikTokConstants.m, December 2023,
# read November 2026. Whether an event with another one is refused or loses its amount is not documented.
_CURRENCIES = """
AED ARS AUD BDT BGN BHD BIF BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DZD EGP EUR GBP GTQ HKD HNL HUF IDR ILS INR IQD
ISK JOD JPY KES KHR KRW KWD KZT LBP MAD MOP MXN MYR NGN NIO NOK NZD OMR PEN PHP PKR PLN PYG QAR RON RUB SAR SEK SGD
THB TRY TWD TZS UAH USD VES VND ZAR
"""
CURRENCIES = frozenset(_CURRENCIES.split())


class TikTok(msgspec.Struct, frozen=True):
    """`base_url` without a path, for example `https://business-api.tiktok.com`."""

    base_url: str

    name: ClassVar[Platform] = "tiktok"
    version: ClassVar[str] = ""  # it is a part of the path, and no answer tells it

    @classmethod
    def from_settings(cls, settings: Addresses) -> Self:
        return cls(settings.tiktok_url.rstrip("/"))

    @classmethod
    def event_name(cls, name: str) -> str | None:
        """TikTok took over Meta's names; older pixels need a tenant's `event_names` (CompletePayment)."""
        return None if name in NOT_SENT else name

    def group_key(self, job: Job) -> tuple[str, ...]:
        return (event_source(job), job.event.test_event_code)

    @classmethod
    def preflight(cls, job: Job, now_ms: int) -> tuple[Problem, ...]:
        event = job.event
        return (
            *quality.consent(event.consent),
            *quality.event_time(event.event_time_ms, now_ms),
            *quality.enough_keys(user(event.user)),
            *(quality.page(event) if event_source(job) == "web" else ()),
            *amount(job).problems,
            *quality.items(event.custom_data, CONTENT_KEYS["content_id"]).problems,
        )

    def build(self, jobs: Sequence[Job], pixel_id: str, test_event_code: str) -> Request:
        source, own_code = one_group(self, jobs)
        root: dict[str, Any] = {
            "event_source": source,
            "event_source_id": pixel_id,
            "data": [track_event(job) for job in jobs],
        }
        if code := own_code or test_event_code:
            root["test_event_code"] = code
        return Request(
            url=f"{self.base_url}{PATH}",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode(root),
            token_header=TokenHeader("Access-Token"),
            events=len(jobs),
        )

    def version_answered(self, headers: Mapping[str, str]) -> str:
        return ""

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, sent: int) -> Result:
        return tiktok_answers.classify(status, headers, body, sent)

    @classmethod
    def advice(cls, code: str) -> str:
        return tiktok_advice.advice(code)


PLATFORM = TikTok


def event_source(job: Job) -> str:
    return EVENT_SOURCES.get(job.event.action_source, "web")


def track_event(job: Job) -> dict[str, Any]:
    """One member of `data`. `event_time` is Unix seconds; keys without a value are left out."""
    event = job.event
    page = {"url": event.event_source_url, "referrer": event.referrer_url}
    members = {
        "event": job.event_name,
        "event_time": event.event_time_ms // 1000,
        "event_id": event.event_id,
        "user": user(event.user),
        "page": {name: url for name, url in page.items() if url},
        "properties": properties(job),
    }
    # TikTok has no opt_out; its nearest word is the stricter one
    limited = {"limited_data_use": True} if event.consent == "limited" or event.opt_out else {}
    return {name: value for name, value in members.items() if value != {}} | limited


def user(data: UserData) -> dict[str, Any]:
    """Match keys in TikTok's words: phones in the form hashed with "+", places in the clear. Nothing empty."""
    lists = {key: one_or_list(values) for key, field in USER_LISTS.items() if (values := getattr(data, field))}
    first = {key: values[0] for key, field in USER_FIRST.items() if (values := getattr(data, field))}
    clear = {key: value for key, field in USER_CLEAR.items() if (value := getattr(data, field))}
    return lists | first | clear


def one_or_list(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def properties(job: Job) -> dict[str, Any]:
    """custom_data in TikTok's words. Keys that TikTok does not document stay here."""
    custom = job.event.custom_data
    kept = {name: value for name in PROPERTIES if (value := custom.get(name)) not in (None, "", [], ())}
    contents = [content(item) for item in quality.items(custom, CONTENT_KEYS["content_id"]).members]
    return kept | amount(job).members | ({"contents": contents} if contents else {})


def amount(job: Job) -> Amount:
    """TikTok takes a purchase without an amount, and misses it in its reports."""
    is_purchase = job.event_name in ("Purchase", "CompletePayment")
    return quality.amount(job.event.custom_data, CURRENCIES, is_purchase, required=False)


def content(item: Mapping[str, Any]) -> dict[str, Any]:
    """One item of `contents`; the first of the names that it carries counts."""
    found = {
        key: next((item[name] for name in names if item.get(name) not in (None, "")), None)
        for key, names in CONTENT_KEYS.items()
    }
    return {key: value for key, value in found.items() if value is not None}
