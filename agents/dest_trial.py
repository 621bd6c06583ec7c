"""One test event to one pixel: the request as it goes out, without the token, and what the answer means."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from sinks.deliver.policy import outcome_class
from sinks.deliver.post import Poster, PostError, Secrets
from sinks.platforms import rules
from sinks.platforms.contract import Delivered, Request
from sinks.sample import on_this_machine, sample_job
from streams.quality import refused
from streams.settings import Settings
from streams.tenants import Destination

REDACTED = "***"


class NotSentError(Exception):
    """Nothing was sent; the message says why and what to do."""


def build(settings: Settings, destination: Destination, tenant: str, event_name: str, code: str) -> Request:
    """The request of one made-up event. Raises NotSentError."""
    platform = rules(settings)[destination.platform]
    if not (code or destination.test_event_code or on_this_machine(platform.base_url)):
        raise NotSentError(
            "without a test event code this would count as a real event: take one from the platform's page for "
            "test events and give it with --code, or as test_event_code in the tenants file"
        )
    return request_of(settings, destination, tenant, event_name, code)


def request_of(settings: Settings, destination: Destination, tenant: str, event_name: str, code: str) -> Request:
    """The same without asking where it would go, for printing it. Raises NotSentError."""
    platform = rules(settings)[destination.platform]
    now_ms = time.time_ns() // 1_000_000
    job = sample_job(destination, tenant, event_name, now_ms)
    if job is None:
        raise NotSentError(f"{event_name} is not sent to this destination: choose another --event")
    if problems := refused(platform.preflight(job, now_ms)):
        raise NotSentError(f"{event_name} cannot be sent: {problems[0].reason}")
    return platform.build([job], destination.pixel_id, code or destination.test_event_code)


def shown_request(request: Request) -> dict[str, Any]:
    """What goes out, with the token redacted. Safe to print: the person in it is nobody."""
    header = request.token_header
    return {
        "method": "POST",
        "url": request.url,
        "headers": {**request.headers, header.name: header.prefix + REDACTED},
        "body": msgspec.json.decode(request.body),
    }


def send(settings: Settings, destination: Destination, request: Request) -> dict[str, Any]:
    """What the answer means; `outcome` is `delivered` when all is well. Raises TenantsError without a token."""
    return asyncio.run(_send(settings, destination, request))


async def _send(settings: Settings, destination: Destination, request: Request) -> dict[str, Any]:
    secrets = Secrets(destination.read_token(), destination.read_app_secret())
    poster, started_s = Poster(settings), time.monotonic()
    try:
        answer = await poster.post(request, secrets)
    except PostError as error:
        return {"outcome": "transient", "why": f"no answer ({error})"}
    finally:
        await poster.close()
    platform = rules(settings)[destination.platform]
    result = platform.classify(answer.status, answer.headers, answer.body, request.events)
    return {
        "outcome": outcome_class(result),
        "why": result.warning if isinstance(result, Delivered) else result.why,
        "code": getattr(result, "code", ""),
        "http_status": answer.status,
        "trace_id": result.trace_id,
        "ms": round((time.monotonic() - started_s) * 1000),
    }
