"""Jobs as RabbitMQ messages: reading what arrived, and writing what goes to a rung or is parked. Pure.

Own headers, none with personal data: `capi-attempt` (from 1), `capi-first-seen` (Unix ms), `capi-last-status`,
`capi-last-error`, `capi-rung`, `capi-company` (how many jobs its next POST may hold at most),
`capi-waits` (rounds without an attempt: its lane was closed), `capi-moves` (how often it went to a rung). The
broker's `x-death*`, `x-first-death*`, `x-last-death*` and `x-delivery-count` never travel on: with them RabbitMQ
3.10 takes a second round for a cycle and drops the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sinks.deliver.policy import Park, Retry, Wait
from sinks.rabbit.frames import Message
from streams.events import UNREADABLE, Job, decode_job

ATTEMPT, FIRST_SEEN = "capi-attempt", "capi-first-seen"
LAST_STATUS, LAST_ERROR, COMPANY = "capi-last-status", "capi-last-error", "capi-company"
RUNG, WAITS, MOVES = "capi-rung", "capi-waits", "capi-moves"
ERROR_CHARACTERS = 200

Headers = dict[str, str | int]
TYPES = (str, int)  # a `str | int` would be made anew for each header of each job
DROPPED = (RUNG, COMPANY)


class UnreadableError(Exception):
    """Not a job. The message names the field, never its content."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A job that arrived, with what its headers tell. `company`: most jobs in its next POST, 0 as many as fit.
    `moves`: how often it went to a rung, which tells a job that comes home from one that is delivered again."""

    job: Job
    body: bytes
    routing_key: str
    attempt: int
    first_seen_ms: int
    company: int
    moves: int
    headers: Headers


def read_letter(body: bytes, headers: Mapping[str, Any], routing_key: str, now_ms: int) -> Letter:
    """Raises UnreadableError. Missing or odd headers count as a first attempt: a job is worth more than they."""
    try:
        job = decode_job(body)
    except UNREADABLE as error:
        raise UnreadableError(_path_of(error)) from None
    return Letter(
        job=job,
        body=body,
        routing_key=routing_key,
        attempt=max(1, _number(headers.get(ATTEMPT), 1)),
        first_seen_ms=_number(headers.get(FIRST_SEEN), now_ms),
        company=max(0, _number(headers.get(COMPANY), 0)),
        moves=max(0, _number(headers.get(MOVES), 0)),
        headers=own_headers(headers),
    )


def own_headers(headers: Mapping[str, Any]) -> Headers:
    """Without the broker's, and without those of the last move."""
    return {
        name: value
        for name, value in headers.items()
        if not name.startswith("x-") and name not in DROPPED and isinstance(value, TYPES)
    }


def retry_message(letter: Letter, decision: Retry) -> Message:
    """For exchange `capi_retry`: comes home with its routing key after the rung's delay."""
    attempt = letter.attempt + decision.counts
    company = decision.company if decision.counts else letter.company
    moved: Headers = {ATTEMPT: attempt, MOVES: letter.moves + 1, **decision.rung.headers}
    moved |= {COMPANY: company} if company else {}
    return Message(
        routing_key=letter.routing_key,
        message_id=f"{letter.job.job_id}:{attempt}",
        body=letter.body,
        headers=letter.headers | _told(letter, decision) | moved,
    )


def waiting_message(letter: Letter, decision: Wait) -> Message:
    """For exchange `capi_retry`, untried: comes home as the same attempt."""
    waits = _number(letter.headers.get(WAITS), 0) + 1
    told: Headers = {FIRST_SEEN: letter.first_seen_ms, ATTEMPT: letter.attempt, WAITS: waits}
    told |= {MOVES: letter.moves + 1}
    company: Headers = {COMPANY: letter.company} if letter.company else {}
    return Message(
        routing_key=letter.routing_key,
        message_id=f"{letter.job.job_id}:{letter.attempt}",
        body=letter.body,
        headers={**letter.headers, **told, **company, **decision.rung.headers},
    )


def parked_message(letter: Letter, decision: Park) -> Message:
    """For exchange `capi_dead`. Keeps the attempt, so that a replay can say how often it was tried."""
    return Message(
        routing_key=letter.routing_key,
        message_id=f"{letter.job.job_id}:parked",
        body=letter.body,
        headers=letter.headers | _told(letter, decision) | {ATTEMPT: letter.attempt},
    )


def unreadable_message(
    body: bytes, headers: Mapping[str, Any], routing_key: str, message_id: str, why: str
) -> Message:
    """For exchange `capi_dead`: something in a work queue that is no job, as it came."""
    told: Headers = {LAST_STATUS: "unreadable", LAST_ERROR: why[:ERROR_CHARACTERS]}
    return Message(
        routing_key=routing_key,
        message_id=message_id or "unreadable",
        body=body,
        headers=own_headers(headers) | told,
    )


def _told(letter: Letter, decision: Retry | Park) -> Headers:
    status = f"{decision.outcome} {decision.code}".strip()
    return {
        FIRST_SEEN: letter.first_seen_ms,
        LAST_STATUS: status,
        LAST_ERROR: decision.why[:ERROR_CHARACTERS],
    }


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _path_of(error: Exception) -> str:
    # msgspec says "Expected `str`, got `int` - at `$.event.event_id`": only types and the path, never the value,
    # except for names of unknown tags and enum values, which are cut off with the rest
    _, at, path = str(error).partition(" - at ")
    return f"not a job: at {path}" if at else "not a job: no JSON object"
