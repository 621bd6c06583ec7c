"""What an answer of Meta's means. The code in the body decides, never the HTTP status alone: throttling comes
with 400 or 403, a dead token with 400 or 401.

Sources, read November 2026: developers.facebook.com/docs/graph-api/guides/error-handling,
/docs/graph-api/overview/rate-limiting and /docs/marketing-api/error-reference. User messages are localised and may
quote what was sent: they are neither read nor passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sinks.platforms.answers import as_code, header, json_object, retry_after_s
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
TRANSIENT = frozenset({1, 2, 5000, 21009})
MISCONFIGURED = frozenset({3, 10, 102, 104, 190, *range(200, 300)})
BLOCKED = 368
BLOCKED_S = 600.0  # how long is not documented; asking every minute makes no block shorter
INVALID_PARAMETER = 100
REFUSED_CALL = "GraphMethodException"  # type of 100 when the call is refused; for its parameters: OAuthException
NO_SUCH_PIXEL = 33  # subcode of 100: the pixel does not exist, or this token does not see it
INVALID = {
    2804003: "event time too old",
    2804004: "event time in the future",
    2804008: "contents item without id",
    2804009: "Purchase without a value",
    2804019: "invalid currency or value",
    2804023: "Purchase without a currency",
    2804050: "too few match keys",
}
# As in: Unexpected key "…" on param "$['data'][0]", and: found in param "data[0][user_data]".
_INDEX = re.compile(r"\bdata(?:'\])?\[(\d{1,4})\]")


def classify(status: int, headers: Mapping[str, str], body: bytes) -> Result:
    """Meaning of one answer; any bytes are taken."""
    answer = json_object(body)
    error = answer.get("error") if answer else None
    if isinstance(error, dict):
        return _refused(status, headers, error)
    received = as_code(answer.get("events_received")) if answer else None
    if answer is None or received is None or status != 200:
        return _without_code(status, headers)
    return Delivered(received, _text(answer.get("fbtrace_id")))


def _refused(status: int, headers: Mapping[str, str], error: dict[str, Any]) -> Result:
    code, subcode = as_code(error.get("code")), as_code(error.get("error_subcode"))
    name = f"{code}/{subcode}" if subcode else str(code)
    trace_id = _text(error.get("fbtrace_id"))
    if code in THROTTLED:
        return Throttled(_pause_s(headers), "rate limit", name, trace_id)
    if code in TRANSIENT or error.get("is_transient") is True:
        return Transient("Meta calls it transient", name, trace_id)
    if code == BLOCKED:
        return Misconfigured("blocked by Meta for policy reasons", name, trace_id, BLOCKED_S)
    if code in MISCONFIGURED or (code, subcode) == (INVALID_PARAMETER, NO_SUCH_PIXEL):
        return Misconfigured("token, permission or pixel", name, trace_id)
    if code == INVALID_PARAMETER and error.get("type") == REFUSED_CALL:
        return Misconfigured("the call, not an event: its appsecret_proof is wrong or missing", name, trace_id)
    if code == INVALID_PARAMETER:
        return Invalid(_index(error), INVALID.get(subcode or 0, "invalid parameter"), name, trace_id)
    return _without_code(status, headers, name if code is not None else "", trace_id)


def _without_code(status: int, headers: Mapping[str, str], code: str = "", trace_id: str = "") -> Result:
    code = code or f"http {status}"
    if status == 429:
        return Throttled(_pause_s(headers), "rate limit", code, trace_id)
    if status in (401, 403):
        return Misconfigured("token or permission", code, trace_id)
    if status == 413:
        return Invalid(None, "request too large", code, trace_id)
    return Transient("answer that says neither delivered nor refused", code, trace_id)


def _index(error: dict[str, Any]) -> int | None:
    named = _INDEX.search(_text(error.get("message")))
    return int(named[1]) if named else None


def _pause_s(headers: Mapping[str, str]) -> float:
    """The longest pause that any header asks for: minutes in one, seconds in the others."""
    use_cases = json_object(header(headers, "x-business-use-case-usage")) or {}
    rows = [row for rows in use_cases.values() if isinstance(rows, list) for row in rows if isinstance(row, dict)]
    minutes = [as_code(row.get("estimated_time_to_regain_access")) or 0 for row in rows]
    account = json_object(header(headers, "x-ad-account-usage")) or {}
    reset_s = as_code(account.get("reset_time_duration")) or 0
    return float(max(retry_after_s(headers), reset_s, 60 * max(minutes, default=0)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
