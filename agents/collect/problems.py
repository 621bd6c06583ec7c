"""What is wrong with a whole request, as the sender is told: `{"error": {"code", "field", "message", "fix"}}`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

SECONDS_TO_WAIT = 5


class ProblemBody(msgspec.Struct, frozen=True):
    """`code` is a fixed word, `field` the header or JSON path at fault, "" for the whole. Never holds a value."""

    code: str
    field: str
    message: str
    fix: str


class ProblemAnswer(msgspec.Struct, frozen=True):
    error: ProblemBody


class Problem(Exception):  # noqa: N818 (it ends a request, which is no error of ours)
    """Raise it anywhere in a handler; the server answers with it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fix: str = "",
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.body = ProblemBody(code, field, message, fix)
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        return json_response(ProblemAnswer(self.body), self.status, self.headers)


def json_response(answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(answer), status=status, headers=headers, content_type="application/json"
    )


def later(code: str, message: str, seconds: float = SECONDS_TO_WAIT, status: int = 503) -> Problem:
    """Not now: nothing of the request was taken, and the same request may be sent again."""
    wait = str(max(1, round(seconds)))
    return Problem(status, code, message, "send it again after Retry-After", headers={"Retry-After": wait})
