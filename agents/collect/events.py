"""`POST /v1/events` and `GET /v1/id`: who sends, through the door, to Kafka, and only then an answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from aiohttp import web

from agents.collect.access import HEADER, Access, Keys, check_origin
from agents.collect.address import client_address, networks
from agents.collect.admitting import Sender, answer_of, origin_of
from agents.collect.body import inflated, wire_body
from agents.collect.ids import by_chance, uuid7
from agents.collect.part import Part
from agents.collect.problems import Problem, json_response, later
from agents.collect.reading import check_content_type, read_events
from agents.collect.shapes import EventsAnswer, IdAnswer
from agents.collect.visitor import read_cookies, visitor_of
from agents.collect.writing import NotWrittenError, RecordWriter
from streams.door import admit
from streams.events import Event, Reject, encode
from streams.runs import Outgoing
from streams.settings import Settings
from streams.tenants import PublishableKey

PATHS = frozenset({"/v1/events", "/v1/id"})
BURST_S = 20


def events_part(settings: Settings) -> Part:
    door = EventsDoor(settings, RecordWriter(settings))

    async def running(_: web.Application) -> AsyncIterator[None]:
        door.writer.start()
        yield
        await door.writer.close()

    return Part(
        routes=[web.post("/v1/events", door.post), web.get("/v1/id", door.issue)],
        context=running,
        why_not=lambda: door.writer.why_not,
        cross_origin=PATHS,
    )


class EventsDoor:
    def __init__(self, settings: Settings, writer: RecordWriter) -> None:
        self.writer = writer
        self._settings = settings
        self._keys = Keys(settings.tenant_map)
        self._proxies = networks(settings.collect_trusted_proxies)

    async def issue(self, request: web.Request) -> web.Response:
        return json_response(IdAnswer(uuid7(_now_ms())), headers={"Cache-Control": "no-store"})

    async def post(self, request: web.Request) -> web.Response:
        check_content_type(request.content_type)
        settings = self._settings
        wire = await wire_body(request, settings.collect_body_bytes, settings.collect_body_s)
        body = inflated(wire, request.headers.get("Content-Encoding", ""), settings.collect_inflated_bytes)
        sent = read_events(body)
        access = self._keys.find(sent.key or request.headers.get(HEADER, ""), "key" if sent.key else HEADER)
        if not isinstance(access.key, PublishableKey):
            raise Problem(401, "bad_signature", "the request is not signed", "see docs/collect.md")
        check_origin(access.key, request.headers)
        sender = self._browser(request, access)
        now_ms = _now_ms()
        outgoing, found = [], []
        for index, raw in enumerate(sent.events):
            answer = admit(bytes(raw), settings.tenant_map, origin_of(index, now_ms), sender.completing(index))
            one = answer if isinstance(answer, Reject) else answer.event
            found.append(one)
            if isinstance(one, Event):
                outgoing.append(Outgoing(settings.topic("sessions.in"), one.key, encode(one)))
            else:
                outgoing.append(Outgoing(settings.topic("rejects"), None, encode(one)))
        try:
            await self.writer.write(outgoing)
        except NotWrittenError as error:
            raise later("kafka_unavailable", str(error)) from None
        accepted = sum(isinstance(one, Event) for one in found)
        answer_body = EventsAnswer(accepted, len(found) - accepted, [answer_of(one) for one in found])
        return json_response(answer_body, 200 if accepted else 422)

    def _browser(self, request: web.Request, access: Access) -> Sender:
        address = client_address(request.remote, request.headers.getall("X-Forwarded-For", ()), self._proxies)
        jar = read_cookies(request.headers.get("Cookie", ""))
        visitor = visitor_of(request.headers, jar, address, "")
        return Sender(access.tenant, by_chance(_now_ms()), visitor)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
