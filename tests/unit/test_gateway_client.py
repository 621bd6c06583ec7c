"""The client site's side of the gateway, against a centre that answers what a test wants."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError
from structlog.testing import capture_logs

from agents.certs.folder import Folder
from sinks.gateway import Gateway, Refusal
from sinks.gateway import client as module
from sinks.gateway.client import ids_of, letter_of
from sinks.gateway.trouble import Trouble
from sinks.gateway.verdict import Wait
from streams.events import encode
from streams.settings import load_settings
from streams.signing import check_signature
from tests.contract.jobs import batch_of, job
from tests.kafka import eventually

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Logs = list[MutableMapping[str, Any]]
Script = Callable[[int], tuple[int, dict[str, Any]]]
BUSY = (503, {"error": {"code": "rabbitmq_blocked", "message": "not now", "field": "", "fix": ""}})


def batches(number: int) -> list[bytes]:
    return [encode(batch_of(job(event_id=f"e{n}"), f"b{n}")) for n in range(number)]


class Central:
    """Answers the nth POST as `script` says; 202 by default. `most` were open at once."""

    def __init__(self, script: Script) -> None:
        self.script, self.seen, self.bodies = script, 0, dict[str, bytes]()
        self.requests: list[web.Request] = []
        self.open = self.most = 0

    async def post(self, request: web.Request) -> web.Response:
        self.open += 1
        self.most = max(self.most, self.open)
        body = await request.read()
        number, self.seen = self.seen, self.seen + 1
        self.requests.append(request)
        await asyncio.sleep(0.01)
        status, answer = self.script(number)
        if status == 202:
            self.bodies[request.headers["webhook-id"]] = body
        self.open -= 1
        return web.Response(status=status, body=msgspec.json.encode(answer))


@asynccontextmanager
async def gateway(
    tmp_path: Path, script: Script = lambda _: (202, {}), **overrides: Any
) -> AsyncIterator[tuple[Gateway, Central]]:
    central, app = Central(script), web.Application()
    app.router.add_post("/v1/batches", central.post)
    (tmp_path / "secret").write_text(SECRET)
    async with TestServer(app) as server:
        own = {
            "gateway_url": f"http://127.0.0.1:{server.port}",
            "gateway_site": "berlin",
            "gateway_secrets": f"file:{tmp_path}/secret",
        }
        made = Gateway(load_settings(**own | overrides))
        yield made, central
        await made.close()


@pytest.fixture
def logs() -> Iterator[Logs]:
    with capture_logs() as lines:
        yield lines


def said(logs: Logs, words: str) -> int:
    """How many lines have these words anywhere."""
    return sum(words in str(line) for line in logs)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "MOST_PAUSE_S", 0.02)


async def test_every_batch_arrives_as_it_is_in_kafka_named_and_signed(tmp_path: Path) -> None:
    sent = batches(10)
    async with gateway(tmp_path, gateway_gzip_bytes=1_000_000) as (sender, central):
        assert await sender.send(sent) == [None] * 10
    assert central.bodies == {f"b{n}": body for n, body in enumerate(sent)}
    for request in central.requests:
        assert request.headers["X-Capi-Site"] == "berlin"
        ident = request.headers["webhook-id"]
        check_signature(
            [SECRET], request.headers, central.bodies[ident], int(request.headers["webhook-timestamp"])
        )


async def test_large_batches_are_compressed_and_the_compressed_bytes_signed(tmp_path: Path) -> None:
    small, large = (letter_of(batches(1)[0], above) for above in (1_000_000, 100))
    assert small
    assert large
    assert (small.encoding, large.encoding) == ({}, {"Content-Encoding": "gzip"})
    assert gzip.decompress(large.body) == small.body
    assert letter_of(batches(1)[0], 100) == large, "the same bytes each time"


async def test_posts_go_side_by_side_up_to_the_limit(tmp_path: Path) -> None:
    async with gateway(tmp_path, gateway_posts_in_flight=3) as (sender, central):
        await sender.send(batches(12))
        assert central.most == 3


async def test_what_is_not_taken_is_sent_until_it_is(tmp_path: Path) -> None:
    async with gateway(tmp_path, lambda n: BUSY if n < 20 else (202, {})) as (sender, central):
        assert await asyncio.wait_for(sender.send(batches(6)), 20) == [None] * 6
    assert set(central.bodies) == {f"b{n}" for n in range(6)}
    assert central.seen == 26


async def test_what_may_leave_is_asked_before_each_post(tmp_path: Path) -> None:
    """The first batch shrinks while it waits, the second vanishes, the third goes as it is."""
    waits, parts = batches(3), batches(9)
    asked: list[bytes] = []

    def leaving(batch: bytes) -> bytes:
        asked.append(batch)
        again = asked.count(batch) > 1
        return {waits[0]: parts[8], waits[1]: b""}.get(batch, batch) if again else batch

    async with gateway(tmp_path, lambda n: BUSY if n < 3 else (202, {})) as (sender, central):
        assert await asyncio.wait_for(sender.send(waits, leaving), 20) == [None] * 3
    assert set(central.bodies) == {"b8", "b2"}
    assert len(asked) == 6


async def test_a_refused_batch_ends_with_the_centre_s_reason_and_the_others_go_on(tmp_path: Path) -> None:
    refusal = (422, {"error": {"code": "x", "message": "mixed", "field": "events[1]", "fix": "unmix"}})
    async with gateway(tmp_path, lambda n: refusal if n == 0 else (202, {}), gateway_posts_in_flight=1) as (
        sender,
        _,
    ):
        found = await sender.send([*batches(2), b"no batch", b'{"batch_id":"\\n"}'])
    assert found == [
        Refusal("refused by the central site: mixed", "events[1]", "unmix"),
        None,
        Refusal("not a batch"),
        Refusal("not a batch"),
    ]


async def test_a_centre_that_is_away_a_missing_secret_and_then_all_well(tmp_path: Path, logs: Logs) -> None:
    """Told once each, whatever the number of attempts, and without the secret."""
    async with gateway(tmp_path, lambda n: BUSY if n < 8 else (202, {})) as (sender, central):
        (tmp_path / "secret").unlink()
        sending = asyncio.create_task(sender.send(batches(3)))
        await eventually(lambda: said(logs, "cannot be read"), 10, 0.01)
        assert central.seen == 0
        (tmp_path / "secret").write_text(SECRET)
        await asyncio.wait_for(sending, 20)
    assert [said(logs, words) for words in ("cannot be read", "rabbitmq_blocked", "takes batches again")] == [
        1,
        1,
        1,
    ]
    assert not said(logs, "MfKQ9r8G")


async def test_cancelled_under_way_it_can_send_the_same_again(tmp_path: Path) -> None:
    async with gateway(tmp_path, lambda n: BUSY if n < 3 else (202, {})) as (sender, central):
        first = asyncio.create_task(sender.send(batches(4)))
        while not central.seen:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait({first})
        assert await asyncio.wait_for(sender.send(batches(4)), 20) == [None] * 4


async def test_certificates_that_are_no_use_are_an_alarm_and_a_wait(tmp_path: Path, logs: Logs) -> None:
    (tmp_path / "ca").write_text("no PEM")
    async with gateway(tmp_path, gateway_ca=str(tmp_path / "ca")) as (sender, _):
        sending = asyncio.create_task(sender.send(batches(1)))
        await eventually(lambda: said(logs, "no TLS with the centre"), 10, 0.01)
        assert logs[0]["log_level"] == "error"
        sending.cancel()


async def test_new_certificates_that_are_no_use_leave_the_old_ones_in_use(tmp_path: Path, logs: Logs) -> None:
    Folder(tmp_path / "certs", datetime.now(UTC), 30).bootstrap(["localhost"], ["berlin"])
    cert = tmp_path / "certs" / "site-berlin.pem"
    async with gateway(tmp_path, gateway_cert=str(cert)) as (sender, _):
        for broken in (lambda: None, lambda: cert.write_text("no PEM"), cert.unlink):
            broken()
            assert await asyncio.wait_for(sender.send(batches(2)), 20) == [None, None]
    assert said(logs, "going on with the old") == 4


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"gateway_site": ""}, "gateway_site"),
        ({"gateway_url": "http://gw.example.com"}, "gateway_url"),
        ({"gateway_url": "https://gw.example.com/?token=x"}, "gateway_url"),
        ({"gateway_url": "https://user:pass@gw.example.com"}, "gateway_url"),
        ({"gateway_url": "gw.example.com"}, "gateway_url"),
        ({"gateway_secrets": SECRET}, "gateway_secrets"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changed: dict[str, str], named: str) -> None:
    good = {"gateway_url": "https://gw.example.com", "gateway_site": "berlin", "gateway_secrets": "env:A,file:/b"}
    assert load_settings(**good).gateway_secrets == ("env:A", "file:/b")
    with pytest.raises(ValidationError) as wrong:
        load_settings(**good | changed)
    assert [error["loc"] for error in wrong.value.errors()] == [(named,)]


def test_the_batch_that_waits_is_named_by_its_first_event(logs: Logs) -> None:
    made = batch_of(job(event_id="order-1"), "b-1")
    Trouble().note("b-1", Wait("no answer"), partial(ids_of, encode(made)))
    (line,) = logs
    assert (line["tenant"], line["session_id"], line["event_id"]) == ("default", made.session_id, "order-1")
    assert line["batch_id"] == "b-1"
    assert ids_of(b"no batch") == {}


def test_one_batch_that_waits_long_is_told_once_while_others_come_and_go(logs: Logs) -> None:
    trouble, denied, away = Trouble(), Wait("status 403", alarm=True), Wait("no answer")

    def told() -> list[int]:
        found = [said(logs, words) for words in ("status 403", "no answer", "again")]
        logs.clear()
        return found

    for _ in range(3):
        trouble.note("stuck", denied, dict)
        trouble.note("other", away, dict)
        trouble.over("other")
    assert told() == [1, 1, 0]
    trouble.over("stuck")
    trouble.over("never waited")
    trouble.note("new", denied, dict)
    trouble.forget("new")
    assert told() == [1, 0, 1]
