"""The stand-in's Meta: what it refuses and what its answers look like.

Sources, read November 2026: developers.facebook.com/docs/marketing-api/conversions-api ("Using the API", "Server
event", "Customer information", "ClickID and the fbp and fbc Parameters", "Custom data"), /docs/marketing-apis/
data-processing-options and /docs/graph-api/guides/error-handling.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from agents.platforms.shapes import (
    MAX_EVENTS,
    WEEK_S,
    Answer,
    Checked,
    Problem,
    Seen,
    is_currency,
    is_number,
    refused_time,
    unhashed,
)

NAME = "meta"
HASHED = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country")
CLEAR = ("external_id", "client_ip_address", "client_user_agent", "fbc", "fbp", "subscription_id", "lead_id")
USER_KEYS = frozenset({*HASHED, *CLEAR})
EVENT_KEYS = frozenset(
    {
        "event_name",
        "event_time",
        "event_id",
        "user_data",
        "custom_data",
        "action_source",
        "event_source_url",
        "referrer_url",
        "opt_out",
        "data_processing_options",
        "data_processing_options_country",
        "data_processing_options_state",
    }
)
ACTION_SOURCES = frozenset(
    {
        "email",
        "website",
        "app",
        "phone_call",
        "chat",
        "physical_store",
        "system_generated",
        "business_messaging",
        "other",
    }
)
TOO_LITTLE = (
    {"ct", "country", "st", "zp", "ge", "client_user_agent"},
    {"db", "client_user_agent"},
    {"fn", "ge"},
    {"ln", "ge"},
)
STORE_OLDEST_S = 62 * 86_400
CLICK_ID = re.compile(r"fb\.[0-9]+\.[0-9]{13}\.[^.\s]+(\.[^.\s]+)?")
STATES = (0, *range(1000, 1014))
INVALID, OLD, FUTURE, NO_ITEM_ID, NO_VALUE, NO_CURRENCY, TOO_FEW_KEYS = (
    2804019,
    2804003,
    2804004,
    2804008,
    2804009,
    2804023,
    2804050,
)


def token_of(headers: Mapping[str, str]) -> str:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    return token if kind == "Bearer" else ""


def check(root: dict[str, Any], pixel_id: str, now_s: float) -> Checked:
    """All events, or the first problem. `root` is the request's JSON object, `pixel_id` comes from its path."""
    checked = Checked(pixel_id)
    data = root.get("data")
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_EVENTS:
        return checked.refuse(Problem(INVALID, f"data must hold 1 to {MAX_EVENTS} events"))
    for index, event in enumerate(data):
        problem = check_event(event, index, now_s)
        if problem:
            return checked.refuse(problem)
        user = event["user_data"]
        checked.unknown_keys.update(f"meta {key}" for key in event.keys() - EVENT_KEYS)
        checked.unknown_keys.update(f"meta user_data.{key}" for key in user.keys() - USER_KEYS)
        checked.events.append(
            Seen(event.get("event_id", ""), event["event_name"], event["event_time"], tuple(sorted(user)))
        )
    return checked


def check_event(event: Any, index: int, now_s: float) -> Problem | None:
    """Why Meta would refuse this event, None when it would not."""
    if not isinstance(event, dict) or not isinstance(event.get("user_data"), dict):
        return Problem(INVALID, "an event is an object with user_data", index)
    if not (isinstance(event.get("event_name"), str) and event["event_name"]):
        return Problem(INVALID, "event_name missing", index)
    if not isinstance(event.get("event_id", ""), str) or event.get("action_source") not in ACTION_SOURCES:
        return Problem(INVALID, "event_id or action_source", index)
    return (
        _time(event, index, now_s)
        or _user(event["user_data"], index)
        or _custom(event, index)
        or _processing(event, index)
    )


def _time(event: dict[str, Any], index: int, now_s: float) -> Problem | None:
    oldest_s = STORE_OLDEST_S if event["action_source"] == "physical_store" else WEEK_S
    refused = refused_time(event.get("event_time"), now_s, oldest_s)
    codes = {"type": INVALID, "old": OLD, "future": FUTURE}
    return Problem(codes[refused], f"event_time: {refused}", index) if refused else None


def _user(user: dict[str, Any], index: int) -> Problem | None:
    if key := unhashed(user, HASHED):
        return Problem(INVALID, f"user_data.{key} is not a SHA-256", index, privacy=True)
    if any(value in ("", [], None) for value in user.values()):
        return Problem(INVALID, "user_data holds an empty value", index)
    if "fbc" in user and not (isinstance(user["fbc"], str) and CLICK_ID.fullmatch(user["fbc"])):
        return Problem(INVALID, "user_data.fbc is not fb.index.milliseconds.fbclid", index)
    if any(user.keys() <= too_little for too_little in TOO_LITTLE):
        return Problem(TOO_FEW_KEYS, "too few match keys", index)
    return None


def _custom(event: dict[str, Any], index: int) -> Problem | None:
    custom = event.get("custom_data", {})
    if not isinstance(custom, dict):
        return Problem(INVALID, "custom_data is no object", index)
    if event["event_name"] == "Purchase" and not is_number(custom.get("value")):
        return Problem(NO_VALUE, "Purchase without value", index)
    if event["event_name"] == "Purchase" and not is_currency(custom.get("currency")):
        return Problem(NO_CURRENCY, "Purchase without currency", index)
    if "value" in custom and not is_number(custom["value"]):
        return Problem(INVALID, "custom_data.value is no number", index)
    if "currency" in custom and not is_currency(custom["currency"]):
        return Problem(INVALID, "custom_data.currency is not in ISO 4217", index)
    contents = custom.get("contents", [])
    if not isinstance(contents, list) or not all(isinstance(item, dict) and item.get("id") for item in contents):
        return Problem(NO_ITEM_ID, "contents item without id", index)
    return None


def _processing(event: dict[str, Any], index: int) -> Problem | None:
    """`[]`, or `["LDU"]` with country and state: 1 and a state of the US, or 0 and 0 to let Meta find out."""
    if not isinstance(event.get("opt_out", False), bool):
        return Problem(INVALID, "opt_out is no boolean", index)
    options = event.get("data_processing_options", [])
    country, state = event.get("data_processing_options_country"), event.get("data_processing_options_state")
    if options not in ([], ["LDU"]):
        return Problem(INVALID, "data_processing_options", index)
    if options and (country not in (0, 1) or state not in STATES):
        return Problem(INVALID, "data_processing_options_country or data_processing_options_state", index)
    return None


def taken(count: int, trace_id: str) -> Answer:
    return 200, {"events_received": count, "messages": [], "fbtrace_id": trace_id}


def refused(problem: Problem, trace_id: str, named: bool) -> Answer:
    """Meta names the event at fault only sometimes; `named` asks for it."""
    where = f" on param \"$['data'][{problem.index}]\"" if named and problem.index is not None else ""
    return 400, _error(100, f"Invalid parameter{where}", trace_id, problem.code)


def throttled(trace_id: str) -> Answer:
    return 429, _error(4, "Application request limit reached", trace_id, transient=True)


def failed(trace_id: str) -> Answer:
    return 500, _error(2, "An unexpected error has occurred", trace_id, transient=True)


def proven(root: dict[str, Any] | None, token: str, app_secret: str) -> bool:
    """Whether `appsecret_proof` is the hex HMAC-SHA256 of the token ("Secure Graph API Calls")."""
    given = (root or {}).get("appsecret_proof")
    return given == hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def refused_proof(trace_id: str) -> Answer:
    answer = _error(100, "Invalid appsecret_proof provided in the API argument", trace_id)
    answer["error"]["type"] = "GraphMethodException"
    return 400, answer


def refused_token(trace_id: str) -> Answer:
    return 401, _error(190, "Invalid OAuth access token", trace_id)


def _error(
    code: int, message: str, trace_id: str, subcode: int | None = None, transient: bool = False
) -> dict[str, Any]:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "is_transient": transient}
    return {"error": error | ({"error_subcode": subcode} if subcode else {}) | {"fbtrace_id": trace_id}}
