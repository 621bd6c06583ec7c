"""A worker of another release beside one of this: the answer is partial and says so, on the page and in `capi`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agents.access.users import User
from agents.console.app import make_app
from agents.console.desk import Desk
from agents.session_workers import OtherReleaseError, SessionsError, SessionWorkers
from streams.events import encode
from streams.session_find import Found
from streams.session_view import SessionList, SessionWorker, Wanted
from streams.settings import load_settings
from tests.unit.console.desk import Browser, fake_desk
from tests.unit.console.test_sessions_pages import ROW
from tests.unit.console.test_where_pages import HELD

ADA = User("ada", "admin")
HERE = {"/sessions/": SessionList(rows=(ROW,), found=1, looked_at=1), "/events/": HELD}


class Workers:
    """Small session workers; each answers the pages that its release has, the others with 404 as Faust does."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self._servers: list[TestServer] = []

    async def start(self, pages: Mapping[str, Any]) -> None:
        async def answer(request: web.Request) -> web.Response:
            if request.path == "/cluster/":
                return self._cluster(str(request.url.origin()))
            if request.path not in pages:
                return web.json_response({"error": "Not Found"}, status=404)
            page = pages[request.path]
            return web.Response(body=page if isinstance(page, bytes) else encode(page))

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        server = TestServer(app)
        await server.start_server()
        self._servers.append(server)
        self.urls.append(str(server.make_url("")).rstrip("/"))

    def _cluster(self, url: str) -> web.Response:
        return web.Response(body=encode(SessionWorker(url=url, state="ready", peers=tuple(self.urls))))

    async def close(self) -> None:
        for server in self._servers:
            await server.close()


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers()
    yield made
    await made.close()


def asking(workers: Workers, folder: Path) -> SessionWorkers:
    settings = load_settings(sessions_url=workers.urls[0], internal_secret=f"file:{folder}/secret")
    return SessionWorkers(settings)


@pytest.mark.parametrize("older", [{}, {"/sessions/": b"[7]", "/events/": b'{"places": 7}'}])
async def test_what_the_others_know_is_told_and_who_cannot_answer(
    workers: Workers, tmp_path: Path, older: dict[str, bytes]
) -> None:
    await workers.start(HERE)
    await workers.start(older)
    async with asking(workers, tmp_path) as ask:
        found, listed = await ask.find(ADA, "x"), await ask.list(ADA, Wanted())
    assert (found.places, found.partial, found.other_release) == (HELD.places, True, (workers.urls[1],))
    assert (listed.rows, listed.partial, listed.other_release) == ((ROW,), True, (workers.urls[1],))


async def test_one_that_knows_every_question_is_whole(workers: Workers, tmp_path: Path) -> None:
    await workers.start(HERE)
    async with asking(workers, tmp_path) as ask:
        found = await ask.find(ADA, "x")
    assert (found.partial, found.other_release) == (False, ())


async def test_when_all_are_of_another_release_the_error_names_one(workers: Workers, tmp_path: Path) -> None:
    await workers.start({})
    async with asking(workers, tmp_path) as ask:
        with pytest.raises(OtherReleaseError, match=r"http://127.* is of another release") as caught:
            await ask.find(ADA, "x")
        assert caught.value.status == 0  # not "no such session"


async def test_other_refusals_are_errors(workers: Workers, tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"error": "this needs the role viewer"}, status=403)

    app = web.Application()
    app.router.add_get("/cluster/", refuse)
    async with TestServer(app) as server:
        workers.urls.append(str(server.make_url("")).rstrip("/"))
        async with asking(workers, tmp_path) as ask:
            with pytest.raises(SessionsError, match="needs the role") as caught:
                await ask.find(ADA, "x")
    assert caught.value.status == 403


async def test_the_pages_tell_what_is_known_and_what_is_not(workers: Workers, tmp_path: Path) -> None:
    await workers.start({"/sessions/": HERE["/sessions/"], "/events/": Found()})
    await workers.start({})
    desk = fake_desk(tmp_path, sessions_url=workers.urls[0])
    async with SessionWorkers(desk.settings) as real:
        app = make_app(Desk(desk.settings, desk.users, desk.ledger, real))
        async with TestClient(TestServer(app)) as client:
            browser = Browser(client)
            await browser.login("viewer")
            listed, traced = await browser.get("/sessions"), await browser.get("/trace?event_id=x")
            assert (listed.status, traced.status) == (200, 200)
            assert f"{workers.urls[1]} is of another release" in await listed.text()
            text = await traced.text()
    assert f"Session workers of another release cannot look for an event id ({workers.urls[1]})" in text
    assert "Nobody knows" in text
