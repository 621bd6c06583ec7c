"""The script as it is shipped: made of its source, small, and served so that pages may keep it."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agents.snippet.routes import routes
from deploy.snippet import BUILT, build
from streams.settings import load_settings

MOST_BYTES = 2_000  # gzipped with -9: what a page pays for us

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes(load_settings(demo_shop_key="pk_demo_browser")))
    async with TestClient(TestServer(app), auto_decompress=False) as made:
        yield made


def test_the_script_is_made_of_its_source() -> None:
    assert BUILT.read_text(encoding="utf-8") == build(), "run make snippet"


def test_the_script_is_small() -> None:
    assert len(gzip.compress(BUILT.read_bytes(), 9, mtime=0)) <= MOST_BYTES


def test_nothing_in_it_needs_a_looser_policy() -> None:
    assert not re.search(r"\beval\b|new Function|innerHTML|\.style\b|createElement", BUILT.read_text("utf-8"))


def test_the_stub_of_the_documents_is_the_demo_shop_s() -> None:
    text = (BUILT.parents[2] / "docs/snippet.md").read_text(encoding="utf-8")
    stub = re.search(r'<script nonce="…">\n(.*?)</script>', text, re.S)
    assert stub and stub[1] in (BUILT.parent / "demo/index.html").read_text(encoding="utf-8")


async def test_it_is_served_packed_and_kept(client: Client) -> None:
    answer = await client.get("/capi.js", headers={"Accept-Encoding": "gzip, br"})
    body = await answer.read()
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert len(body) <= MOST_BYTES
    assert gzip.decompress(body) == BUILT.read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    again = await client.get("/capi.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


async def test_it_is_served_plain_to_those_who_ask_for_nothing_else(client: Client) -> None:
    answer = await client.get("/capi.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in answer.headers
    assert await answer.read() == BUILT.read_bytes()


async def test_each_page_of_the_shop_has_a_nonce_of_its_own(client: Client) -> None:
    first, second = [await client.get("/demo/p/mug-01") for _ in range(2)]
    nonces = [
        re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]) for answer in (first, second)
    ]
    assert nonces[0] and nonces[1] and nonces[0][1] != nonces[1][1]
    assert f'<script nonce="{nonces[0][1]}">' in await first.text()
    assert "unsafe" not in first.headers["Content-Security-Policy"]


async def test_without_its_setting_there_is_no_shop() -> None:
    app = web.Application()
    app.add_routes(routes(load_settings()))
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/demo")).status == 404
        assert (await client.get("/capi.js")).status == 200
