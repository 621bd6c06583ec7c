"""The stand-in's TikTok: what it refuses and what its answers look like. Errors come with HTTP 200.

Sources, read November 2026: business-api.tiktok.com/portal/docs ("Events API 2.0", "Return codes").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.platforms.shapes import (
    MAX_EVENTS,
    Answer,
    Checked,
    Problem,
    Seen,
    is_currency,
    is_number,
    refused_time,
    unhashed,
)

NAME = "tiktok"
HASHED = ("email", "phone", "external_id", "first_name", "last_name", "zip_code")
CLEAR = ("city", "state", "country", "ttclid", "ttp", "ip", "user_agent", "locale")
USER_KEYS = frozenset({*HASHED, *CLEAR})
EVENT_KEYS = frozenset({"event", "event_time", "event_id", "user", "properties", "page", "limited_data_use"})
EVENT_SOURCES = frozenset({"web", "app", "offline", "crm"})
# The constants of TikTok's own SDKs, by region; Business Help, "About parameters", says only that there is a list.
CURRENCIES = frozenset(
    [
        *("CAD", "USD", "ARS", "BOB", "BRL", "CLP", "COP", "CRC", "GTQ", "HNL", "MXN", "NIO", "PEN", "PYG", "VES"),
        *("BGN", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "ISK", "NOK", "PLN", "RON", "RUB", "SEK", "TRY", "UAH"),
        *("AED", "BHD", "DZD", "EGP", "ILS", "IQD", "JOD", "KWD", "LBP", "MAD", "OMR", "QAR", "SAR"),
        *("BIF", "KES", "NGN", "TZS", "ZAR"),
        *("AUD", "BDT", "CNY", "HKD", "IDR", "INR", "JPY", "KHR", "KRW", "KZT", "MOP", "MYR", "NZD"),
        *("PHP", "PKR", "SGD", "THB", "TWD", "VND"),
    ]
)
INVALID, NO_TOKEN, THROTTLED, FAILED = 40002, 40105, 40100, 50000


def token_of(headers: Mapping[str, str]) -> str:
    return headers.get("Access-Token", "")


def pixel_of(root: dict[str, Any]) -> str:
    """The request's pixel, "" when it names none."""
    pixel_id = root.get("event_source_id")
    return pixel_id if isinstance(pixel_id, str) else ""


def check(root: dict[str, Any], pixel_id: str, now_s: float) -> Checked:
    """All events, or the first problem. `root` is the request's JSON object."""
    checked = Checked(pixel_id)
    data = root.get("data")
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_EVENTS:
        return checked.refuse(Problem(INVALID, f"data must hold 1 to {MAX_EVENTS} events"))
    if not pixel_id or root.get("event_source") not in EVENT_SOURCES:
        return checked.refuse(Problem(INVALID, "event_source or event_source_id"))
    for index, event in enumerate(data):
        problem = check_event(event, index, now_s, root["event_source"])
        if problem:
            return checked.refuse(problem)
        user = event["user"]
        checked.unknown_keys.update(f"tiktok {key}" for key in event.keys() - EVENT_KEYS)
        checked.unknown_keys.update(f"tiktok user.{key}" for key in user.keys() - USER_KEYS)
        checked.events.append(
            Seen(event.get("event_id", ""), event["event"], event["event_time"], tuple(sorted(user)))
        )
    return checked


def check_event(event: Any, index: int, now_s: float, source: str) -> Problem | None:
    """Why TikTok would refuse this event, None when it would not."""
    if not isinstance(event, dict) or not isinstance(event.get("user"), dict):
        return Problem(INVALID, "an event is an object with user", index)
    if not (isinstance(event.get("event"), str) and event["event"]):
        return Problem(INVALID, "event missing", index)
    if not isinstance(event.get("event_id", ""), str):
        return Problem(INVALID, "Invalid value for event_id: not a valid string.", index)
    if refused := refused_time(event.get("event_time"), now_s):
        return Problem(INVALID, f"event_time: {refused}", index)
    return _user(event["user"], index) or _page(event, index, source) or _properties(event, index)


def _user(user: dict[str, Any], index: int) -> Problem | None:
    if key := unhashed(user, HASHED):
        return Problem(INVALID, f"user.{key} is not a SHA-256", index, privacy=True)
    if not user or any(value in ("", [], None) for value in user.values()):
        return Problem(INVALID, "user is empty or holds an empty value", index)
    return None


def _page(event: dict[str, Any], index: int, source: str) -> Problem | None:
    page = event.get("page", {})
    if not isinstance(page, dict):
        return Problem(INVALID, "page is no object", index)
    if source == "web" and not (isinstance(page.get("url"), str) and page["url"]):
        return Problem(INVALID, "page.url: Missing data for required field.", index)
    if not isinstance(event.get("limited_data_use", False), bool):
        return Problem(INVALID, "limited_data_use: Not a valid boolean.", index)
    return None


def _properties(event: dict[str, Any], index: int) -> Problem | None:
    properties = event.get("properties", {})
    if not isinstance(properties, dict):
        return Problem(INVALID, "properties is no object", index)
    if "value" in properties and not is_number(properties["value"]):
        return Problem(INVALID, "properties.value is no number", index)
    if "currency" in properties and not is_currency(properties["currency"], CURRENCIES):
        return Problem(INVALID, "properties.currency", index)
    contents = properties.get("contents", [])
    if not isinstance(contents, list) or not all(isinstance(item, dict) for item in contents):
        return Problem(INVALID, "properties.contents", index)
    return None


def taken(count: int, trace_id: str) -> Answer:
    return 200, _answer(0, "OK", trace_id)


def refused(problem: Problem, trace_id: str, named: bool) -> Answer:
    """TikTok names the field; `named` asks for the event's index as well."""
    where = f"data.{problem.index}: " if named and problem.index is not None else ""
    return 200, _answer(problem.code, f"{where}{problem.why}", trace_id)


def throttled(trace_id: str) -> Answer:
    return 429, _answer(THROTTLED, "Request too frequent", trace_id)


def failed(trace_id: str) -> Answer:
    return 500, _answer(FAILED, "Internal error", trace_id)


def proven(root: dict[str, Any] | None, token: str, app_secret: str) -> bool:
    """TikTok asks for no proof."""
    return True


def refused_proof(trace_id: str) -> Answer:
    return refused_token(trace_id)


def refused_token(trace_id: str) -> Answer:
    return 200, _answer(NO_TOKEN, "Access token is incorrect or has been revoked", trace_id)


def _answer(code: int, message: str, trace_id: str) -> dict[str, Any]:
    return {"code": code, "message": message, "request_id": trace_id, "data": {}}
