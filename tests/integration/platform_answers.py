"""Every answer of a platform that the vendors' pages or somebody's log tell of, and what it means.

Codes and their classes, read November 2026: developers.facebook.com/docs/graph-api/guides/error-handling,
/docs/graph-api/overview/rate-limiting, /docs/marketing-api/error-reference; business-api.tiktok.com/portal/docs,
"Return codes". Written from those pages, not from the rules that are tested with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from agents.platforms.behaviour import Mode
from streams.events import OutcomeClass, Platform

EVENTS = 4  # in the request that gets the answer
CULPRIT = 1  # its place, where one event is at fault
HTML = "<html><body>Sorry, something went wrong.</body></html>"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `what` names it in the table; neighbours of one name that came to the same share a line.

    `one_event`: only requests that hold the culprit get it, as when one event is refused.
    """

    platform: Platform
    what: str
    means: OutcomeClass
    status: int = 200
    body: str = ""
    headers: dict[str, str] = {}
    one_event: bool = False
    mode: Mode = "answer"


def all_answers() -> list[Told]:
    return [*_meta(), *_tiktok(), *_anyones("meta"), *_anyones("tiktok")]


def _meta() -> Iterator[Told]:
    yield _m("all received", "delivered", 200, _received(EVENTS))
    yield _m("one not received", "delivered", 200, _received(EVENTS - 1))
    usage = {"X-Business-Use-Case-Usage": json.dumps({"77": [{"type": "ads_management", "call_count": 95}]})}
    yield _m("received, 95 % of the limit used", "delivered", 200, _received(EVENTS), usage)
    for code, status in ((1, 500), (2, 500), (5000, 500), (21009, 400)):
        yield _m(str(code), "transient", status, _error(code))
    yield _m("any code with is_transient", "transient", 400, _error(12345, is_transient=True))
    yield _m("unknown code", "transient", 400, _error(99999))
    for code, status in ((4, 403), (17, 400), (32, 403), (341, 400), (613, 400)):
        yield _m(str(code), "throttled", status, _error(code))
    for code in range(80000, 80015):
        yield _m("80000 to 80014", "throttled", 400, _error(code))
    minutes = {"77": [{"type": "ads_management", "estimated_time_to_regain_access": 19}]}
    yield _m(
        "80004, 19 minutes", "throttled", 400, _error(80004), {"X-Business-Use-Case-Usage": json.dumps(minutes)}
    )
    seconds = {"X-Ad-Account-Usage": json.dumps({"acc_id_util_pct": 100, "reset_time_duration": 1000})}
    yield _m("17, 1,000 seconds", "throttled", 400, _error(17), seconds)
    yield _m("368, blocked", "misconfigured", 400, _error(368))
    for code, status in ((190, 401), (190, 400), (102, 401), (104, 400), (10, 403), (3, 400)):
        yield _m(str(code), "misconfigured", status, _error(code))
    for code in range(200, 300):
        yield _m("200 to 299", "misconfigured", 403, _error(code))
    yield _m("100/33, no such pixel", "misconfigured", 400, _error(100, error_subcode=33))
    refused_call = _error(100, type="GraphMethodException", message="Invalid appsecret_proof")
    yield _m("100, the call is refused", "misconfigured", 400, refused_call)
    for subcode, why in (
        (2804003, "too old"),
        (2804004, "in the future"),
        (2804008, "item without id"),
        (2804009, "no value"),
        (2804019, "value or currency"),
        (2804023, "no currency"),
        (2804050, "too few keys"),
        (2804099, "unknown subcode"),
    ):
        yield _m(f"100/{subcode}, {why}", "invalid", 400, _error(100, error_subcode=subcode), one_event=True)
    yield _m("100 without subcode", "invalid", 400, _error(100), one_event=True)
    for message in (
        f"Unexpected key on param \"$['data'][{CULPRIT}]\"",
        f'Invalid keys in param "data[{CULPRIT}]"',
    ):
        yield _m("100, the event is named", "invalid", 400, _error(100, message=message), one_event=True)


def _tiktok() -> Iterator[Told]:
    yield _t(0, "delivered", "0")
    yield _t(20001, "delivered", "20001, partial")
    partial = {"code": 20001, "message": "Partial success", "data": {"failed_events": [{"order_in_batch": 1}]}}
    yield _a("tiktok", "20001, one event named", "delivered", 200, json.dumps(partial))
    for code, status in ((40100, 401), (40133, 200), (40016, 200)):
        yield _t(code, "throttled", str(code), status)
    yield _t(40100, "throttled", "40100, Retry-After: 1000", 429, {"Retry-After": "1000"})
    for code in (50000, 50002, 51001, 51305, 61000, 61001, 60001):
        yield _t(code, "transient", "50000 and up")
    for code in (40200, 40201, 40202, 40700):
        yield _t(code, "transient", str(code))
    yield _t(50000, "transient", "50000 with HTTP 500", 500)
    yield _t(30001, "transient", "unknown, below 40000")
    for code in (40105, 40104, 40102, 40101, 40103, 40107, 40110, 40113, 40131, 40001, 40007):
        yield _t(code, "misconfigured", str(code))
    yield _t(40105, "misconfigured", "40105 with HTTP 401", 401)
    for code in (40002, 40006, 40999):
        yield _t(code, "invalid", "40002 and unknown 4xxxx", one_event=True)
    named = f"data.{CULPRIT}.event_time: Invalid value."
    yield _t(40002, "invalid", "40002, the event is named", message=named, one_event=True)
    yield _a("tiktok", "no code", "transient", 200, '{"message": "OK"}')


def _anyones(platform: Platform) -> Iterator[Told]:
    """Answers of proxies and of broken servers: they say neither delivered nor refused."""
    for status in (500, 502, 503, 504):
        yield _a(platform, "a proxy's page", "transient", status, HTML)
    yield _a(platform, "nothing in it", "transient", 408, "")
    for status in (200, 204, 302):
        yield _a(platform, "nothing in it", "transient", status, "")
    cut = _received(EVENTS)[:-9] if platform == "meta" else '{"code": 0, "mess'
    yield _a(platform, "cut short", "transient", 200, cut)
    yield _a(platform, "a login page", "transient", 200, HTML)
    yield _a(platform, "no object", "transient", 200, "[]")
    yield _a(platform, "429 without a code", "throttled", 429, "slow down")
    yield _a(platform, "429, Retry-After: 1000", "throttled", 429, "", {"Retry-After": "1000"})
    for status in (401, 403):
        yield _a(platform, "no JSON, 401 or 403", "misconfigured", status, HTML)
    yield _a(platform, "413", "invalid", 413, HTML, one_event=True)
    yield Told(platform=platform, what="silence", means="transient", status=0, mode="hang")
    yield Told(platform=platform, what="connection reset", means="transient", status=0, mode="reset")


def _a(
    platform: Platform,
    what: str,
    means: OutcomeClass,
    status: int,
    body: str,
    headers: dict[str, str] | None = None,
    one_event: bool = False,
) -> Told:
    return Told(
        platform=platform,
        what=what,
        means=means,
        status=status,
        body=body,
        headers=headers or {},
        one_event=one_event,
    )


def _m(
    what: str,
    means: OutcomeClass,
    status: int,
    body: str,
    headers: dict[str, str] | None = None,
    one_event: bool = False,
) -> Told:
    return _a("meta", what, means, status, body, headers, one_event)


def _t(
    code: int,
    means: OutcomeClass,
    what: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    message: str = "told by order",
    one_event: bool = False,
) -> Told:
    body = json.dumps({"code": code, "message": message, "request_id": "R"})
    return _a("tiktok", what, means, status, body, headers, one_event)


def _received(count: int) -> str:
    return json.dumps({"events_received": count, "messages": [], "fbtrace_id": "T"})


def _error(code: int, **more: Any) -> str:
    about: dict[str, Any] = {"message": "told by order", "type": "OAuthException", "code": code} | more
    return json.dumps({"error": about | {"fbtrace_id": "T"}})
