"""`POST /v1/events` and `GET /v1/id`: who sends, through the door, to Kafka, and only then an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from agents.admission import SUMMARY_S, Admission
from agents.collect.access import Access, Keys
from agents.collect.admitting import Outcome, Sender, admitted
from agents.collect.body import inflated, wire_body
from agents.collect.browser import Browsers
from agents.collect.events_api import events_api
from agents.collect.ids import by_chance, by_request, uuid7
from agents.collect.part import Part
from agents.collect.problems import Problem, json_response, later
from agents.collect.reading import Sent, check_content_type, read_events
from agents.collect.shapes import IdAnswer
from agents.collect.signed import check_signature
from agents.collect.single import KEY as HEADER
from sinks.records import NotWrittenError, RecordWriter, Writer
from streams.settings import Settings
from streams.tenants import PublishableKey

EVENTS, ID = "/v1/events", "/v1/id"


def events_part(settings: Settings, writer: Writer | None = None) -> Part:
    """`writer` is for tests and measurements; Kafka's by default."""
    writer = writer or RecordWriter(settings)
    door = EventsDoor(settings, writer)

    async def running(_: web.Application) -> AsyncIterator[None]:
        writer.start()
        telling = asyncio.create_task(door.sum_up())
        yield
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await writer.close()

    return Part(
        routes=[web.post(EVENTS, door.post), web.get(ID, issue)],
        context=running,
        why_not=lambda: writer.why_not,
        cross_origin=frozenset({EVENTS, ID}),
        api=events_api(EVENTS, ID),
    )


async def issue(_: web.Request) -> web.Response:
    return json_response(IdAnswer(uuid7(_now_ms())), headers={"Cache-Control": "no-store"})


class EventsDoor:
    """`post` takes a request's events, all or none of those that pass the door: Kafka has them when it answers."""

    def __init__(self, settings: Settings, writer: Writer) -> None:
        self._settings, self._writer = settings, writer
        self._keys = Keys(settings.tenant_map)
        self._browsers = Browsers(settings)
        self._admission = Admission(settings, role="collect")

    async def sum_up(self) -> None:
        """Tell the log of rejects, for ever."""
        while True:
            await asyncio.sleep(SUMMARY_S)
            self._admission.sum_up()

    async def post(self, request: web.Request) -> web.Response:
        check_content_type(request.content_type)
        settings, ident = self._settings, request.headers.get(HEADER, "")
        wire = await wire_body(request, settings.collect_body_bytes, settings.collect_body_s)
        signer = self._signer(request, ident, wire) if ident.startswith("sk_") else None
        body = inflated(wire, request.headers.get("Content-Encoding", ""), settings.collect_inflated_bytes)
        sent = read_events(body)
        if signer is not None:
            return await self._of_server(request, sent, signer)
        return await self._of_browser(request, sent, ident)

    def _signer(self, request: web.Request, ident: str, wire: bytes) -> Access:
        """Before anything is inflated or parsed. Raises Problem 401."""
        access = self._keys.find(ident, HEADER)
        check_signature(access.key, request.headers, wire, time.time())
        return access

    async def _of_server(self, request: web.Request, sent: Sent, access: Access) -> web.Response:
        if sent.key not in ("", access.key.id):
            raise Problem(401, "two_keys", "the envelope names another key than the header", "name one", "key")
        ids = by_request(access.key.id, request.headers["webhook-id"])
        link = request.headers.get("traceparent", "").encode(errors="replace")
        return _answer(await self._take(sent, Sender(access.tenant, ids, link=link)))

    async def _of_browser(self, request: web.Request, sent: Sent, ident: str) -> web.Response:
        access = self._keys.find(sent.key or ident, "key" if sent.key else HEADER)
        if not isinstance(access.key, PublishableKey):
            raise Problem(401, "not_signed", "a secret key goes in the header, and signs", "see docs/collect.md")
        browser = self._browsers.of(request, access.key, access.rules, len(sent.events))
        outcome = await self._take(sent, Sender(access.tenant, by_chance(_now_ms()), browser.visitor))
        response = _answer(outcome)
        browser.set_cookies(response, outcome)
        return response

    async def _take(self, sent: Sent, sender: Sender) -> Outcome:
        outcome = await admitted(sent.events, sender, self._settings.tenant_map, self._admission, _now_ms())
        try:
            await self._writer.write(outcome.records)
        except NotWrittenError as error:
            raise later("kafka_unavailable", str(error)) from None
        return outcome


def _answer(outcome: Outcome) -> web.Response:
    return json_response(outcome.answer, 200 if outcome.answer.accepted else 422)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
