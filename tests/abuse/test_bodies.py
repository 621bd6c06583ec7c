"""Bodies that are more than they seem, or less: bombs, corrupt and doubled encodings, everything oversized."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from agents.collect.single import SINGLE
from streams.signing import signed_headers
from tests.abuse.raw import Door, chunked, request, tell
from tests.abuse.world import World
from tests.unit.collecting import AGENT, KEY, LEAST, PAGE, SECRET

pytestmark = pytest.mark.stack

USUAL = {"Content-Type": "text/plain", "Origin": PAGE, "User-Agent": AGENT}
ZEROS = 50_000_000  # bytes that a bomb becomes


def envelope(event: Mapping[str, Any] = LEAST) -> bytes:
    return json.dumps({"key": KEY, "events": [event]}).encode()


def bomb() -> bytes:
    """50 kB that become 50 MB."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1_000_000)
    return b"".join([*(packer.compress(block) for _ in range(ZEROS // len(block))), packer.flush()])


BOMB = bomb()
WELL = gzip.compress(envelope())
ENCODED = {
    "a bomb": (BOMB, "gzip", (413, "too_large")),
    "a bomb in a bomb": (gzip.compress(BOMB), "gzip", (400, "bad_json")),
    "a bomb declared twice": (gzip.compress(BOMB), "gzip, gzip", (415, "unknown_encoding")),
    "a bomb behind a good one": (WELL + BOMB, "gzip", (400, "corrupt_gzip")),
    "two that are good": (WELL + WELL, "gzip", (400, "corrupt_gzip")),
    "less than it says": (WELL[:-9], "gzip", (400, "corrupt_gzip")),
    "another sum": (WELL[:-8] + bytes(8), "gzip", (400, "corrupt_gzip")),
    "a broken middle": (WELL[:20] + bytes(10) + WELL[30:], "gzip", (400, "corrupt_gzip")),
    "none at all": (b"", "gzip", (400, "corrupt_gzip")),
    "plain": (envelope(), "gzip", (400, "corrupt_gzip")),
    "zlib's form": (zlib.compress(envelope()), "gzip", (400, "corrupt_gzip")),
    "deflate": (zlib.compress(envelope()), "deflate", (415, "unknown_encoding")),
    "brotli": (b"\x0b\x02\x80", "br", (415, "unknown_encoding")),
    "a word": (envelope(), "x" * 500, (415, "unknown_encoding")),
    "not declared": (WELL, "identity", (400, "bad_json")),
}


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(("body", "encoding", "answer"), ENCODED.values(), ids=list(ENCODED))
async def test_encodings_are_read_once_and_within_bounds(
    collect: Door, body: bytes, encoding: str, answer: tuple[int, str]
) -> None:
    async with httpx.AsyncClient(verify=collect.tls or False, timeout=20) as client:
        for content in (body, in_parts(body)):
            got = await client.post(
                f"{collect.url}/v1/events", content=content, headers=USUAL | {"Content-Encoding": encoding}
            )
            assert told(got) == answer


async def in_parts(body: bytes) -> Any:
    """httpx sends it chunked."""
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


@pytest.mark.parametrize("name", SINGLE)
async def test_a_header_that_says_two_things_says_nothing(collect: Door, name: str) -> None:
    lines = [f"{name}: {value}" for name, value in USUAL.items()]
    twice = (f"{name}: {USUAL.get(name, 'identity')}", f"{name}: gzip")
    own = [line for line in lines if not line.startswith(name)]
    length = (f"Content-Length: {len(envelope())}", "Connection: close")
    answer = await tell(collect, request("POST", "/v1/events", *own, *twice, *length, body=envelope()))
    assert answer.statuses == [400]
    assert b"header_twice" in answer.data or b"bad_http" in answer.data


async def test_the_gateway_reads_bombs_no_further_either(world: World) -> None:
    """Signed, as of a site whose secret was stolen; and before it is signed nothing is inflated at all."""
    door = world.doors["tls"]
    assert door.tls
    async with httpx.AsyncClient(verify=door.tls, timeout=20) as client:
        for body, signature, answer in (
            (BOMB, True, (413, "too_large")),
            (gzip.compress(BOMB), True, (422, "not_a_batch")),
            (WELL[:-9], True, (400, "corrupt_gzip")),
            (BOMB, False, (401, "bad_signature")),
        ):
            signed = signed_headers([SECRET], "b", int(time.time()), body if signature else b"else")
            headers = {"X-Capi-Site": "berlin", "Content-Encoding": "gzip"} | signed
            assert told(await client.post(f"{door.url}/v1/batches", content=body, headers=headers)) == answer


DEEP = b"[" * 100_000
OVERSIZED = {
    "nested": (b'{"key":"' + KEY.encode() + b'","events":[' + DEEP + b"]" * 100_000 + b"]}", (400, "too_deep")),
    "nested and never closed": (DEEP, (400, "too_deep")),
    "nested objects": (b'{"a":' * 50_000, (400, "too_deep")),
    "events": (json.dumps({"key": KEY, "events": [LEAST] * 5_001}).encode(), (413, "too_many_events")),
    "numbers": (b"[1" + b"," * 100_000 + b"]", (400, "bad_json")),
    "a number of 10^400": (b'{"key":"k","events":[{"a":1' + b"0" * 400 + b"}]}", (401, "unknown_key")),
    "an exponent": (b'{"key":"k","events":[{"a":1e999}]}', (400, "not_a_number")),
    "a number of a million digits": (b'{"a":' + b"9" * 1_000_000 + b"}", (400, "not_a_number")),
    "a fraction of a million digits": (b'{"a":0.' + b"9" * 1_000_000 + b"}", (401, "unknown_key")),
    "a text": (b'{"key":"' + b"a" * 1_900_000 + b'"}', (401, "unknown_key")),
    "half a character": (b'{"key":"\\ud800"}', (400, "bad_json")),
    "keys": (json.dumps({f"k{n}": 1 for n in range(100_000)}).encode(), (401, "unknown_key")),
    "twins": (b'{"a":1,"a":2}', (400, "duplicate_key")),
    "bytes that are no text": (b'{"a":"\xff"}', (400, "bad_json")),
    "UTF-16": (envelope().decode().encode("utf-16"), (400, "bad_json")),
    "a mark of the byte order": (b"\xef\xbb\xbf" + envelope(), (400, "bad_json")),
}


@pytest.mark.parametrize(("body", "answer"), OVERSIZED.values(), ids=list(OVERSIZED))
async def test_what_is_oversized_is_refused_and_the_next_is_served(
    world: World, body: bytes, answer: tuple[int, str]
) -> None:
    door = world.doors["plain"]
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        got = await client.post(f"{door.url}/v1/events", content=body, headers=USUAL)
        assert told(got) == answer
        assert (await client.post(f"{door.url}/v1/events", content=envelope(), headers=USUAL)).status_code == 200


async def test_fields_that_are_oversized_refuse_their_event_only(world: World) -> None:
    refused: list[dict[str, Any]] = [
        {"event_name": "a" * 101},
        {"session_id": "s" * 129},
        {"event_id": "e" * 129},
        {"timestamp": 1e300},
    ]
    refused += [{"custom_data": {"a": "x" * 70_000}}, {"timestamp": -1}]
    left_out: list[dict[str, Any]] = [{"custom_data": {"own": 10**400}}, {"custom_data": "x"}, {"user_data": []}]
    least: dict[str, Any] = {**LEAST}
    events = [least | bad for bad in (*refused, *left_out)]
    body = json.dumps({"key": KEY, "events": events}).encode()
    async with httpx.AsyncClient(timeout=20, verify=False) as client:
        got = await client.post(f"{world.doors['plain'].url}/v1/events", content=body, headers=USUAL)
    assert (got.status_code, ["error" in one for one in got.json()["events"]]) == (200, [True] * 6 + [False] * 3)
    assert "xxxx" not in got.text


HEADERS = {
    "an address": request("GET", "/" + "a" * 100_000),
    "a query": request("GET", "/login?next=" + "a" * 100_000),
    "a header": request("GET", "/", "X-A: " + "a" * 100_000),
    "a header's name": request("GET", "/", "a" * 100_000 + ": a"),
    "a cookie": request("GET", "/", "Cookie: " + "a=b;" * 25_000),
    "many headers": request("GET", "/", *(f"X-{n}: a" for n in range(20_000))),
    "a header without end": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 2_000_000,
    "a request line without end": b"GET /" + b"a" * 2_000_000,
}


@pytest.mark.parametrize("data", HEADERS.values(), ids=list(HEADERS))
async def test_headers_that_are_oversized_end_the_connection(door: Door, data: bytes) -> None:
    answer = await tell(door, data)
    assert answer.ended
    assert answer.statuses in ([400], [431], []), answer.data[:300]
    assert len(answer.data) < 2_000, "what was sent comes back"


async def test_a_body_that_was_not_asked_for_is_not_kept(door: Door) -> None:
    """GET with a body, endless chunks: the connection ends, nothing of it is a request."""
    endless = chunked(*[b"a" * 65_536] * 200)
    answer = await tell(door, request("GET", "/", "Transfer-Encoding: chunked") + endless[:-5], quiet_s=0.5)
    assert len(answer.statuses) <= 1
