"""The pages: `/sessions/`, `/sessions/{key}/` with its commands, `/events/` for one event id, `/cluster/`.

A key is `tenant|session_id`, percent-encoded. One session is looked up at the worker that owns its partition,
whichever worker is asked; commands can go to any. JSON, or HTML where the Accept header prefers it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web
from faust.web import View

from agents.access.users import User
from agents.sessions_views.commanding import Commanding
from agents.sessions_views.finding import Finding
from agents.sessions_views.guarding import USER, UserOf, guard, problem
from agents.sessions_views.looking import LimitsOf, Looking
from agents.sessions_views.plain import html
from agents.sessions_views.ports import check_port
from sinks.records import NotWrittenError
from streams import envelope
from streams.events import UNREADABLE, encode
from streams.runs import RunApp, RunTable
from streams.session_view import Wanted, place_in

Handler = Callable[..., Awaitable[Any]]

MOST_ROWS = 500
MOST_ID = 500  # characters
AWAY = "partitions are being taken over: ask again"


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    why: str = ""


decode_why = msgspec.json.Decoder(Why).decode


def add_views(app: RunApp, table: RunTable, limits_of: LimitsOf, user_of: UserOf) -> None:
    looking, commanding = Looking(app, table, limits_of), Commanding(app.settings)
    web_app: web.Application = cast(Any, app.web).web_app
    web_app.middlewares.append(guard(user_of))
    app.on_worker_init.connect(partial(check_port, app.settings), weak=False)
    app.task(commanding.start)
    app.on_before_shutdown.connect(partial(_stop, commanding), weak=False)
    _add_reading(app, table, looking)
    _add_finding(app, looking, Finding(table, limits_of))
    _add_commands(app, commanding)


async def _stop(commanding: Commanding, *_: Any, **__: Any) -> None:
    await commanding.stop()


def _add_reading(app: RunApp, table: RunTable, looking: Looking) -> None:
    @app.page("/sessions/", name="sessions")
    async def sessions(view: Any, request: Any) -> Any:
        try:
            wanted = wanted_of(request.query_string, user_in(request))
        except (msgspec.ValidationError, ValueError) as error:
            return problem(422, str(error))
        if not looking.ready:
            return problem(503, AWAY)
        return _shown(request, "sessions.html", await looking.page(wanted))

    @app.page("/sessions/{key}/", name="session")
    @_when_ready(looking)
    @app.table_route(table=table, match_info="key")
    async def session(view: Any, request: Any, key: str) -> Any:
        found = looking.one(key.encode())
        if found is None or not user_in(request).sees(found.row.tenant):
            return problem(404, "no such session is open or remembered")
        return _shown(request, "session.html", found)

    @app.page("/cluster/", name="cluster")
    async def cluster(view: Any, request: Any) -> Any:
        return _shown(request, "cluster.html", await looking.worker())


def _when_ready(looking: Looking) -> Callable[[Handler], Handler]:
    """Asked before the way to a key's owner is: Faust's router fails as long as it knows of no partitions."""

    def guarded(handler: Handler) -> Handler:
        @wraps(handler)
        async def answer(view: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            return await handler(view, request, *args, **kwargs) if looking.ready else problem(503, AWAY)

        return answer

    return guarded


def _add_finding(app: RunApp, looking: Looking, finding: Finding) -> None:
    @app.page("/events/", name="events")
    async def events(view: Any, request: Any) -> Any:
        event_id = request.query.get("event_id", "")
        if not 0 < len(event_id) <= MOST_ID:
            return problem(422, f"name an event_id of at most {MOST_ID} characters")
        owned = looking.owned
        if looking.ready:
            found = await finding.find(event_id, owned, user_in(request).scope(request.query.get("tenant", "")))
            if looking.ready and looking.owned is owned:
                return _shown(request, "events.html", found)
        return problem(503, AWAY)


def _add_commands(app: RunApp, commanding: Commanding) -> None:
    for what in ("flush", "erase"):
        app.page(f"/sessions/{{key}}/{what}", name=what)(_command_view(app, commanding, what))


def _command_view(app: RunApp, commanding: Commanding, what: str) -> Any:
    class CommandView(View):
        async def post(self, request: Any, key: str) -> Any:
            return await _give(commanding, what, request, key)

    return CommandView


async def _give(commanding: Commanding, what: str, request: web.Request, key: str) -> web.Response:
    user, (tenant, _, session_id) = user_in(request), key.partition("|")
    if not user.sees(tenant) or not _can_be(session_id):
        return problem(404, "no such session")
    try:
        why = decode_why(await request.read()).why.strip()
    except UNREADABLE:
        return problem(422, 'send {"why": "…"}')
    if not why or len(why) > 200:
        return problem(422, "say why, in at most 200 characters")
    try:
        await commanding.give(what, tenant, session_id, user.name, why)
    except NotWrittenError as error:
        return problem(503, str(error))
    return web.json_response({"asked": what}, status=202)


def _can_be(session_id: str) -> bool:
    """Whether a door lets such an id in: what is asked for is kept in the log and in the audit."""
    try:
        return bool(envelope.session_id(session_id))
    except envelope.RefusedError:
        return False


def wanted_of(query: str, user: User) -> Wanted:
    """What a query string asks for, within what the user may see. Raises ValueError."""
    given: dict[str, object] = dict(parse_qsl(query))
    wanted = msgspec.convert(given | {"tenants": None}, Wanted, strict=False)
    place_in(wanted.after)
    limit = max(1, min(wanted.limit, MOST_ROWS))
    return msgspec.structs.replace(wanted, tenants=user.scope(), limit=limit)


def user_in(request: web.Request) -> User:
    return cast(User, request[USER])


def _shown(request: web.Request, template: str, value: Any) -> web.Response:
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=html(template, value), content_type="text/html")
    return web.Response(body=encode(value), content_type="application/json", charset="utf-8")
