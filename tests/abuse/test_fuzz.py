"""Whatever the console, the ledger and the session views are asked: an answer, never an error of ours."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.access.passes import issue
from agents.access.users import User
from agents.ledger_web import PATH
from tests.abuse import routes
from tests.abuse.people import COOKIE, cookie_of, csrf, visitor
from tests.abuse.routes import Seed
from tests.abuse.world import World

pytestmark = pytest.mark.stack
usual = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

SEED = Seed("shop", "s", "e", "n", "o", "os")
CONSOLE = sorted(
    one for one in routes.console(SEED) if one[0] != "*" and one[1] not in ("/logout", "/destinations/test")
)
NAMES = (
    *("event_id", "q", "who", "what", "behind", "tenant", "platform", "pixel", "event", "reason", "text", "rows"),
    *(
        "key",
        "why",
        "since",
        "until",
        "jobs",
        "do",
        "period",
        "kind",
        "prefix",
        "after",
        "limit",
        "sort",
        "status",
    ),
    *("per_second", "all", "field", "value", "digest", "person", "country", "sure", "name", "password", "next"),
)
ODD = (
    "",
    "\x00",
    "shop|",
    "|",
    "shop|x",
    "1e999",
    "-1",
    "NaN",
    "9" * 400,
    "../..",
    "%",
    "[]",
    "a" * 3_000,
    "\u202e",
)
TEXTS = st.one_of(st.sampled_from(ODD), st.text(st.characters(codec="utf-8"), max_size=40))
FORMS = st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=6)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
ASKS = ("trace", "session", "counts", "quality", "rejects", "recent", "audit", "holds", "cluster", "else")
FIELDS = (
    "event_id",
    "tenant",
    "session_id",
    "since_ms",
    "until_ms",
    "step_ms",
    "limit",
    "behind",
    "kinds",
    "after_ms",
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON,
    st.fixed_dictionaries({"ask": st.sampled_from(ASKS)}, optional=dict.fromkeys(FIELDS, JSON)),
)


def well(answer: httpx.Response) -> bool:
    return answer.status_code < 500 or answer.status_code == 503


@pytest.fixture(scope="module")
def admin(world: World) -> Iterator[tuple[httpx.Client, str]]:
    async def enter() -> tuple[str, str]:
        cookie = await cookie_of(world, "shop-admin")
        async with visitor(world, {COOKIE: cookie}) as client:
            return cookie, await csrf(client, "/destinations")

    cookie, token = asyncio.run(enter())
    with httpx.Client(
        base_url=world.doors["console"].url, cookies={COOKIE: cookie}, timeout=20, verify=False
    ) as made:
        yield made, token


@usual
@given(route=st.sampled_from(CONSOLE), form=FORMS, params=FORMS, htmx=st.booleans())
def test_the_console_answers_whatever_it_is_asked(
    admin: tuple[httpx.Client, str],
    route: tuple[str, str],
    form: dict[str, str],
    params: dict[str, str],
    htmx: bool,
) -> None:
    client, token = admin
    method, path = route
    headers = {"HX-Request": "true"} if htmx else {}
    data = form | {"csrf": token} if method == "POST" else None
    answer = client.request(method, path, params=params, data=data, headers=headers)
    assert well(answer), (answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        b"\xff" * 40,
        b"a" * 70_000,
    ],
)
@pytest.mark.parametrize(
    "kind",
    ["multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 100],
)
def test_forms_of_another_kind_are_refused(admin: tuple[httpx.Client, str], kind: str, body: bytes) -> None:
    client, token = admin
    for path in ("/login", "/destinations/pause"):
        answer = client.post(path, content=body, headers={"Content-Type": kind, "X-CSRF-Token": token})
        assert 400 <= answer.status_code < 500, (path, answer.status_code)


@usual
@given(body=BODIES, local=st.sampled_from(["", "1", "x"]))
def test_the_ledger_answers_whatever_it_is_asked(world: World, body: Any, local: str) -> None:
    assert well(asked(world, "console", "POST", PATH, {"local": local}, body))


@usual
@given(
    path=st.sampled_from(["/sessions/", "/sessions/{}/", "/events/", "/cluster/", "/sessions/{}/flush", "/{}"]),
    key=TEXTS,
    params=FORMS,
    body=BODIES,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
)
def test_the_session_views_answer_whatever_they_are_asked(
    world: World, path: str, key: str, params: dict[str, str], body: Any, method: str
) -> None:
    whole = path.format(quote(key, safe="", errors="replace"))
    assert well(asked(world, "views", method, whole, params, body if method != "GET" else None))


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "deflate"},
        {"Content-Encoding": "br"},
        {"Content-Encoding": "zstd"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=none"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-16"},
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    ],
    ids=lambda one: next(iter(one.values())),
)
def test_a_body_that_is_not_what_it_says_is_refused(
    world: World, admin: tuple[httpx.Client, str], headers: dict[str, str]
) -> None:
    client, token = admin
    usual_form = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": token}
    own = {"Authorization": issue(world.site.settings, User("a", "admin"), time.time())} | headers
    json_body = {"Content-Type": "application/json"} | own
    for body in (b"\xff\xfea=b%ff", b"\x1f\x8b\x08garbage", gzip.compress(bytes(5_000_000))):
        console, views = world.doors["console"].url, world.doors["views"].url + "/sessions/shop%7Cx/flush"
        answers = [client.post("/destinations/pause", content=body, headers=usual_form | headers)]
        for url, form in ((console + PATH, own), (views, json_body)):
            answers.append(httpx.post(url, content=body, headers=form, timeout=20, verify=False))
        assert [one.status_code for one in answers if not 400 <= one.status_code < 500] == []


def asked(world: World, door: str, method: str, path: str, params: dict[str, str], body: Any) -> httpx.Response:
    user = User("shop-admin", "admin", ("shop",))
    headers = {"Authorization": issue(world.site.settings, user, time.time()), "Content-Type": "application/json"}
    content: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    with httpx.Client(timeout=20, verify=False) as client:
        return client.request(method, world.doors[door].url + path, params=params, headers=headers, **content)


def test_no_log_tells_of_an_error_of_ours(world: World) -> None:
    """After all this. What is logged of one has its type only."""
    for log in sorted(Path(world.folder).glob("*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")
        for word in ("ended in an error of ours", "Error handling request", "Traceback", "Unhandled"):
            assert word not in text, (log.name, text[max(0, text.find(word) - 300) : text.find(word) + 2_000])
