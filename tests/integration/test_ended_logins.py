"""A logout at one worker of the console ends the login at the others, by the real Redis."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from agents.console.desk import Desk
from sinks.ended_logins import EndedLogins
from tests.kafka import fresh_settings
from tests.site import free_port
from tests.unit.console.desk import Browser, console, fake_desk

pytestmark = pytest.mark.stack

COOKIE = "capi_console"


def with_cookie(browser: Browser, kept: str) -> Browser:
    browser.client.session.cookie_jar.update_cookies({COOKIE: kept})
    return browser


async def test_a_kept_cookie_is_refused_by_the_other_worker_too(tmp_path: Path) -> None:
    desk: Desk = fake_desk(tmp_path, namespace=f"test-{secrets.token_hex(4)}")
    async with console(desk) as here, console(desk) as there:  # each with a memory of its own
        await here.login("viewer")
        kept, lives = here.cookies()[COOKIE], "/live"
        assert (await here.get(lives)).status == 200
        assert (await here.post("/logout", {})).status == 303
        assert (await with_cookie(here, kept).get(lives)).status == 303
        assert (await with_cookie(there, kept).get(lives)).status == 303


async def test_redis_forgets_a_logout_when_the_login_would_have_ended() -> None:
    settings = fresh_settings(console_session_s=30)
    ended = EndedLogins(settings)
    try:
        assert not await ended.is_ended("another")
        await ended.end("login-1")
        assert 0 < await ended._redis.ttl(f"{settings.namespace}:logout:login-1") <= 30
        assert not await ended.is_ended("login-2")
    finally:
        await ended.close()


async def test_without_redis_a_worker_knows_the_logouts_that_it_saw() -> None:
    ended = EndedLogins(fresh_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0"))
    assert not await ended.is_ended("login-1")
    await ended.end("login-1")
    assert await ended.is_ended("login-1")
    assert not await ended.is_ended("login-2")
    await ended.close()
