"""`/v1/events` and `/v1/id` for /openapi.json."""

from __future__ import annotations

from agents.collect.openapi import Api, answers, body_of, header, ref
from agents.collect.shapes import MOST_EVENTS, Envelope, EventsAnswer, IdAnswer
from streams.raw import RawEvent

_BODY = {
    "oneOf": [
        ref(RawEvent),
        {"type": "array", "items": ref(RawEvent), "minItems": 1, "maxItems": MOST_EVENTS},
        ref(Envelope),
    ]
}
_SIGNED = "Of servers: Standard Webhooks. "
_HEADERS = [
    header("Origin", "Of pages: set by the browser; must be one of the key's."),
    header("Content-Encoding", "gzip, or nothing.", enum=["gzip", "identity"]),
    header("webhook-id", _SIGNED + "The same for each attempt: then issued ids are the same too."),
    header("webhook-timestamp", _SIGNED + "Unix seconds, at most 300 from now."),
    header("webhook-signature", _SIGNED + "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` as sent."),
    header("traceparent", "Of servers: W3C Trace Context, to which our span links."),
]


def _post() -> dict[str, object]:
    found = answers(200, EventsAnswer, 400, 401, 403, 408, 413, 415, 422, 429, 503)
    # none of the events passed, or there was none
    found["422"]["content"]["application/json"]["schema"] = {
        "anyOf": [ref(EventsAnswer), found["422"]["content"]["application/json"]["schema"]]
    }
    return {
        "operationId": "postEvents",
        "summary": "Take one event or many",
        "description": "Answered when those that passed are durable. 200 when at least one passed.",
        "security": [{"key": []}, {}],
        "parameters": _HEADERS,
        "requestBody": body_of(_BODY, "application/json", "text/plain"),
        "responses": found,
    }


def events_api(events: str, ident: str) -> Api:
    issue = {
        "operationId": "issueId",
        "summary": "An event id for the browser's copy and ours",
        "responses": answers(200, IdAnswer),
    }
    return Api({events: {"post": _post()}, ident: {"get": issue}}, (RawEvent, Envelope, EventsAnswer, IdAnswer))
