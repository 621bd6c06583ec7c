"""What the gateway answers to a client site."""

from __future__ import annotations

import msgspec

from agents.collect.openapi import Api, answers, body_of, header, ref
from streams.events import Batch


class BatchAnswer(msgspec.Struct, frozen=True):
    """`jobs` are in RabbitMQ, `rejected` ones in the centre's rejects. `repeated`: it was taken before."""

    batch_id: str
    jobs: int = 0
    rejected: int = 0
    repeated: bool = False


class SiteAnswer(msgspec.Struct, frozen=True):
    """Who a site is here. `ready`: RabbitMQ is not known to refuse jobs."""

    site: str
    tenants: list[str]
    ready: bool


_HEADERS = [
    header("X-Capi-Site", "The site's name in the tenants file here."),
    header("Content-Encoding", "gzip, or nothing.", enum=["gzip", "identity"]),
    header("webhook-id", "Standard Webhooks, of sites with secrets: the batch's id."),
    header("webhook-timestamp", "Unix seconds, at most 300 from now."),
    header("webhook-signature", "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body` as sent."),
]


def batches_api(path: str) -> Api:
    post = {
        "operationId": "postBatch",
        "summary": "Take one batch of a client site",
        "description": "Answered when its jobs are confirmed by RabbitMQ. A batch that was taken is taken again.",
        "parameters": _HEADERS,
        "requestBody": body_of(ref(Batch), "application/json"),
        "responses": answers(202, BatchAnswer, 400, 401, 403, 408, 409, 413, 415, 422, 503),
    }
    greet = {
        "operationId": "greet",
        "summary": "Who a client site is here",
        "parameters": _HEADERS,
        "responses": answers(200, SiteAnswer, 401, 503),
    }
    return Api({path: {"post": post, "get": greet}}, (Batch, BatchAnswer, SiteAnswer))
