"""/openapi.json is what the collector does: requests are made of it, and the answers have to be in it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as examples
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from agents.collect.events_api import events_api
from agents.collect.openapi import document
from streams.schema import EXAMPLE
from streams.signing import signed_headers
from tests.unit.collecting import SECRET, SIGNER, Collector, collect_settings, collecting, in_a_thread

EXAMPLES = 40  # for each operation
API = document([events_api("/v1/events", "/v1/id")])
# thousands of bodies that differ in one value say no more than these
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
schema = schemathesis.openapi.from_dict(API, config=CONFIG)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Signing:
    """What `requests` asks for with the request as it goes over the wire. Without it nothing would get far."""

    def __call__(self, request: Any) -> Any:
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body)
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        request.headers["X-Capi-Key"] = SIGNER
        request.headers.update(signed_headers([SECRET], "msg-1", int(time.time()), body))
        return request


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_SECRET", SECRET)
        settings = collect_settings(tmp_path_factory.mktemp("collect"))
        with in_a_thread(lambda: collecting(settings)) as collector:
            yield collector


@schema.parametrize()
@examples(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_answers_are_those_that_the_document_has(case: Any, running: Collector) -> None:
    response = case.call(base_url=str(running.client.base_url), auth=Signing())
    case.validate_response(response, checks=CHECKS)


def test_made_requests_got_through_the_door(running: Collector) -> None:
    """Behind the test above: were all refused at the signature, it would say nothing."""
    assert running.kept.events and running.kept.rejects


def test_the_document_is_served(running: Collector) -> None:
    answer = httpx.get(f"{running.client.base_url}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == API


def test_the_event_in_it_is_that_of_the_published_schema() -> None:
    shape = {"$ref": "#/components/schemas/RawEvent", "components": API["components"]}
    jsonschema.validate(EXAMPLE, shape)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(EXAMPLE | {"user_data": 5}, shape)


def test_every_reference_leads_somewhere() -> None:
    def refs(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                yield from refs(one)

    names = {ref.rpartition("/")[2] for ref in refs(API)}
    assert names <= set(API["components"]["schemas"])
