"""What an answer of TikTok's means: its code, which comes in the body of an HTTP 200, decides.

Source: business-api.tiktok.com/portal/docs, "Return codes" and "Rate limits", read November 2026. Messages may
quote what was sent: only an event's index is read from them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sinks.platforms.answers import as_code, json_object, retry_after_s
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, Result, Throttled, Transient

OK = 0
PARTIAL = 20001
THROTTLED = frozenset({40016, 40100, 40133})
THROTTLE_PAUSE_S = 300.0  # "wait 5 minutes" after the minute limit
TRANSIENT = frozenset({40200, 40201, 40202, 40700})
MISCONFIGURED = {
    40001: "no permission for this pixel",
    40007: "no such pixel",
    40101: "token or app",
    40102: "token expired",
    40103: "token or app",
    40104: "token missing",
    40105: "token wrong or revoked",
    40107: "token or app",
    40110: "token or app",
    40113: "token or app",
    40131: "token or app",
}
INVALID_CODES = range(40000, 50000)
_INDEX = re.compile(r"\bdata(?:\.|\[)(\d{1,4})\b")


def classify(status: int, headers: Mapping[str, str], body: bytes, sent: int) -> Result:
    """Meaning of one answer to `sent` events; any bytes are taken."""
    answer = json_object(body)
    code = as_code(answer.get("code")) if answer else None
    if answer is None or code is None:
        return _without_code(status, headers)
    trace_id = _text(answer.get("request_id"))
    if code == OK:
        return Delivered(sent, trace_id)
    if code == PARTIAL:
        return Delivered(sent - _failed(answer), trace_id, "partial success (20001): some events were not taken")
    return _refused(code, status, headers, answer, trace_id)


def _refused(code: int, status: int, headers: Mapping[str, str], answer: dict[str, Any], trace_id: str) -> Result:
    name = str(code)
    if code in THROTTLED or status == 429:
        return Throttled(retry_after_s(headers) or THROTTLE_PAUSE_S, "rate limit", name, trace_id)
    if code in MISCONFIGURED:
        return Misconfigured(MISCONFIGURED[code], name, trace_id)
    if code in INVALID_CODES and code not in TRANSIENT:
        return Invalid(_index(answer), "parameters refused", name, trace_id)
    return Transient("TikTok's own failure, or a code it does not document", name, trace_id)


def _without_code(status: int, headers: Mapping[str, str]) -> Result:
    code = f"http {status}"
    if status == 429:
        return Throttled(retry_after_s(headers) or THROTTLE_PAUSE_S, "rate limit", code)
    if status in (401, 403):
        return Misconfigured("token or permission", code)
    if status == 413:
        return Invalid(None, "request too large", code)
    return Transient("answer without a code", code)


def _failed(answer: dict[str, Any]) -> int:
    """How many events a partial success names in `data`, as the older batch call did; 0 when it names none."""
    data = answer.get("data")
    failed = data.get("failed_events") if isinstance(data, dict) else None
    return len(failed) if isinstance(failed, list) else 0


def _index(answer: dict[str, Any]) -> int | None:
    named = _INDEX.search(_text(answer.get("message")))
    return int(named[1]) if named else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
