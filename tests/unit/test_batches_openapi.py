"""What the document says of `/v1/batches` is what the gateway does: made requests, signed as a site signs them."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples

from agents.collect.batch_shapes import batches_api
from agents.collect.batches import batches_part
from agents.collect.openapi import document
from sinks.gateway.client import PATH, SITE
from sinks.rabbit import Message, Publisher
from streams.signing import signed_headers
from tests.unit.collecting import SECRET, Collector, collect_settings, collecting, in_a_thread
from tests.unit.test_collect_openapi import CHECKS, CONFIG

EXAMPLES = 60  # for each operation
TENANTS = """
[tenants.default]
[[tenants.default.destinations]]
platform = "meta"
pixel_id = "1111111111"
token = "env:TEST_TOKEN"
[sites.berlin]
tenants = ["default"]
secrets = ["env:SITE_SECRET"]
"""
schema = schemathesis.openapi.from_dict(document([batches_api(PATH)]), config=CONFIG)


class Confirmed:
    """RabbitMQ that confirms everything at once."""

    blocked = False

    def __init__(self) -> None:
        self.exchanges: list[str] = []

    async def start(self) -> None: ...

    async def publish(self, exchange: str, messages: Sequence[Message]) -> None:
        self.exchanges.append(exchange)

    async def close(self) -> None: ...


QUEUES = Confirmed()


class Signing:
    """As a client site does it, over the bytes as sent; every other batch is one that the site may send."""

    def __call__(self, request: Any) -> Any:
        body = request.body or b""
        body, ident = as_a_site_sends(body.encode() if isinstance(body, str) else body)
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        request.headers[SITE] = "berlin"
        request.headers.update(signed_headers([SECRET], ident, int(time.time()), body))
        return request


def as_a_site_sends(body: bytes) -> tuple[bytes, str]:
    """The body and its batch id: tenant and session of the events are made those of the batch."""
    try:
        batch = json.loads(body)
    except ValueError:
        return body, "b"
    if not isinstance(batch, dict) or zlib.crc32(body) % 2:
        return body, "b"
    batch |= {"tenant": "default", "session_id": "s", "batch_id": f"b-{zlib.crc32(body)}"}
    for enriched in batch.get("events") or ():
        if isinstance(enriched, dict) and isinstance(enriched.get("event"), dict):
            enriched["event"] |= {"tenant": "default", "session_id": "s"}
    return json.dumps(batch).encode(), str(batch["batch_id"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITE_SECRET", SECRET)
        away = {"redis_url": "redis://127.0.0.1:1/0"}  # then the process remembers by itself what it took
        settings = collect_settings(tmp_path_factory.mktemp("centre"), TENANTS, **away)
        with in_a_thread(
            lambda: collecting(
                settings, part_of=lambda own, writer: batches_part(own, writer, cast(Publisher, QUEUES))
            )
        ) as collector:
            yield collector


@schema.parametrize()
@examples(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_answers_are_those_that_the_document_has(case: Any, running: Collector) -> None:
    response = case.call(base_url=str(running.client.base_url), auth=Signing())
    case.validate_response(response, checks=CHECKS)


def test_made_batches_were_taken(running: Collector) -> None:
    """Behind the test above: were all refused at the signature, it would say nothing."""
    assert QUEUES.exchanges
