"""/openapi.json: what the collector takes and answers, made of the types that its handlers use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import msgspec

from agents.collect.problems import ProblemAnswer
from streams.schema import event_schema

VERSION = "3.1.0"
SCHEMAS = "#/components/schemas/"
MEANINGS = {
    400: "The body cannot be read: JSON, encoding or HTTP.",
    401: "The key is not known, or the signature is not its own, or it is too old.",
    403: "The key may not be used from this page.",
    408: "The body did not arrive in time.",
    409: "Something else was taken under the same id.",
    413: "The body or the number of events is too large.",
    415: "The content's type or encoding is not taken.",
    422: "Nothing of it could be used.",
    429: "Too much from this key or address.",
    503: "Nothing was taken; send the same again later.",
}
LATER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": r"^\d+$"}}}


@dataclass(frozen=True)
class Api:
    """What a part adds: OpenAPI path items by path, and the types that they refer to by name."""

    paths: Mapping[str, Mapping[str, Any]]
    shapes: tuple[Any, ...] = ()


def document(apis: Sequence[Api]) -> dict[str, Any]:
    shapes = (ProblemAnswer, *(shape for api in apis for shape in api.shapes))
    _, schemas = msgspec.json.schema_components(shapes, ref_template=SCHEMAS + "{name}")
    found = {
        "openapi": VERSION,
        "info": {
            "title": "capi-stream collector",
            "version": metadata.version("capi-stream"),
            "description": "Shop events over HTTP. An answer of 200 means that the events are safe in Kafka.",
        },
        "paths": {path: dict(item) for api in apis for path, item in api.paths.items()},
        "components": {"schemas": schemas | _event_schemas(), "securitySchemes": _schemes()},
    }
    # the event's own schema is written for a file of its own
    moved: dict[str, Any] = json.loads(json.dumps(found).replace("#/$defs/", SCHEMAS))
    return moved


def _event_schemas() -> dict[str, Any]:
    event = event_schema()
    shapes: dict[str, Any] = event.pop("$defs")
    return shapes | {"RawEvent": event}


def _schemes() -> dict[str, Any]:
    return {
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Capi-Key",
            "description": "`pk_…` of pages, unless it is in the envelope; `sk_…` of servers, which sign.",
        }
    }


def body_of(schema: Mapping[str, Any], *content_types: str) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": schema} for kind in content_types}}


def answers(well: int, shape: type, *problems: int) -> dict[str, Any]:
    """Responses: one of `shape`, and one for each status of a refused request."""
    found = {str(well): _answer("It was taken.", ref(shape))}
    for status in problems:
        one = _answer(MEANINGS[status], ref(ProblemAnswer))
        found[str(status)] = one | {"headers": LATER} if status in (429, 503) else one
    return found


def ref(shape: type) -> dict[str, str]:
    return {"$ref": SCHEMAS + shape.__name__}


def _answer(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"} | schema,
    }
