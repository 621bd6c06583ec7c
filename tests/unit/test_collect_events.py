"""POST /v1/events: what a browser and a server get for what they send, and what is written."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.collecting import (
    AGENT,
    KEY,
    LEAST,
    OTHER_KEY,
    PAGE,
    SECRET,
    SIGNER,
    Collector,
    collect_settings,
    collecting,
    signed,
)

BODY = json.dumps([LEAST]).encode()


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    async with collecting(collect_settings(tmp_path)) as collector:
        yield collector


async def test_a_page_s_event_is_completed_hashed_and_keyed(door: Collector) -> None:
    given = LEAST | {"user_data": {"em": "ada@example.com", "client_ip": "203.0.113.9", "fbp": ""}}
    answer = await door.page(
        given, referer=f"{PAGE}/a?ttclid=T1", cookie="_fbp=fb.1.1794990000000.7; _ttp=tt; x; _fbp=second"
    )
    assert answer.status_code == 200
    [event] = door.kept.events
    assert answer.json() == {"accepted": 1, "rejected": 0, "events": [{"event_id": event.event_id}]}
    assert (event.tenant, event.session_id, event.event_source_url) == ("shop", "visit-1", f"{PAGE}/a?ttclid=T1")
    assert (event.user.fbp, event.user.ttp, event.user.ttclid) == ("fb.1.1794990000000.7", "tt", "T1")
    assert (event.user.client_ip, event.user.client_user_agent) == ("127.0.0.1", AGENT)
    assert len(event.user.em[0]) == 64
    assert [(record.topic, record.key) for record in door.kept.records] == [("capi.sessions.in", b"shop|visit-1")]


async def test_what_a_page_says_itself_goes_before_headers(door: Collector) -> None:
    own = {"client_user_agent": "Mozilla/5.0 (own)", "fbp": "fb.1.1794990000000.1"}
    await door.page(
        LEAST | {"user_data": own, "event_source_url": f"{PAGE}/own"},
        referer=f"{PAGE}/other",
        cookie="_fbp=fb.1.1794990000000.2",
    )
    [event] = door.kept.events
    assert (event.user.client_user_agent, event.user.fbp) == tuple(own.values())
    assert event.event_source_url == f"{PAGE}/own"


async def test_a_server_s_event_gets_nothing_of_the_server(door: Collector) -> None:
    body = LEAST | {"event_id": "order-1", "tenant": "shop"}
    answer = await door.server(body, cookie="_fbp=fb.1.1794990000000.7", referer=f"{PAGE}/")
    assert answer.json()["events"] == [{"event_id": "order-1"}]
    [event] = door.kept.events
    assert event.user == type(event.user)()
    assert event.event_source_url == ""
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8"])
async def test_one_an_array_and_an_envelope(door: Collector, content_type: str) -> None:
    for body in (LEAST, [LEAST, LEAST], {"key": KEY, "events": [LEAST]}):
        answer = await door.raw(json.dumps(body).encode(), content_type=content_type, x_capi_key=KEY)
        assert answer.status_code == 200, answer.text
    assert len(door.kept.events) == 4


async def test_bad_events_are_told_in_place_and_the_good_ones_are_taken(door: Collector) -> None:
    bad: list[Any] = [
        {"session_id": "s"},
        LEAST | {"timestamp": "soon", "event_id": "e-2"},
        LEAST | {"tenant": "other"},
        7,
    ]
    answer = await door.page(LEAST, *bad, LEAST)
    found = answer.json()
    assert (answer.status_code, found["accepted"], found["rejected"]) == (200, 2, 4)
    errors = [one.get("error") for one in found["events"]]
    assert [error and (error["code"], error["field"]) for error in errors] == [
        None,
        ("missing", "event_name"),
        ("not_unix_seconds_or_milliseconds", "timestamp"),
        ("not_the_key_s", "tenant"),
        ("not_an_object", ""),
        None,
    ]
    assert all(error["fix"] for error in errors if error)
    assert [one["event_id"] for one in found["events"]][1:5] == [None, "e-2", None, None]
    assert [(r.topic, r.offset, r.field) for r in door.kept.rejects] == [
        ("http", 1, "event_name"),
        ("http", 2, "timestamp"),
        ("http", 3, "tenant"),
        ("http", 4, ""),
    ]


async def test_422_when_none_was_taken(door: Collector) -> None:
    answer = await door.page({"event_name": "View"})
    assert (answer.status_code, answer.json()["rejected"], len(door.kept.rejects)) == (422, 1, 1)


async def test_issued_ids_are_of_the_request_for_servers_and_new_for_pages(door: Collector) -> None:
    first, again, other = [
        (await door.server([LEAST, LEAST], ident=ident)).json()["events"] for ident in ("m-1", "m-1", "m-2")
    ]
    assert first == again
    assert len({one["event_id"] for one in (*first, *other)}) == 4
    pages = [(await door.page(LEAST)).json()["events"][0]["event_id"] for _ in range(2)]
    assert pages[0] != pages[1]


def refusal(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["error"]
    assert error["message"] and error["fix"]
    return answer.status_code, error["code"], error["field"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"from_now_s": -400}, (401, "stale_timestamp", "webhook-timestamp")),
        ({"from_now_s": 400}, (401, "stale_timestamp", "webhook-timestamp")),
        ({"secret": "whsec_" + "A" * 32}, (401, "bad_signature", "webhook-signature")),
        ({"webhook_signature": ""}, (401, "bad_signature", "webhook-signature")),
        ({"webhook_id": "msg-2"}, (401, "bad_signature", "webhook-signature")),
        ({"x_capi_key": "sk_unknown"}, (401, "unknown_key", "X-Capi-Key")),
        ({"content_encoding": "br"}, (415, "unknown_encoding", "Content-Encoding")),
        ({"content_encoding": "gzip"}, (400, "corrupt_gzip", "Content-Encoding")),
        ({"content_type": "text/html"}, (415, "unknown_content_type", "Content-Type")),
    ],
)
async def test_a_server_is_refused(
    door: Collector, arguments: dict[str, Any], wanted: tuple[int, str, str]
) -> None:
    answer = await door.client.post("/v1/events", **signed(BODY, **arguments))
    assert refusal(answer) == wanted
    assert not door.kept.records


async def test_a_body_that_was_changed_is_refused_before_it_is_read(door: Collector) -> None:
    arguments = signed(BODY)
    answer = await door.client.post("/v1/events", content=b"{", headers=arguments["headers"])
    assert refusal(answer) == (401, "bad_signature", "webhook-signature")


async def test_a_secret_in_rotation_counts_as_long_as_it_is_listed(
    door: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    following = "whsec_" + "B" * 32
    assert (await door.server(LEAST, secret=following)).status_code == 401
    monkeypatch.setenv("NEXT_SECRET", following)
    assert (await door.server(LEAST, secret=following)).status_code == 200
    assert (await door.server(LEAST)).status_code == 200


async def test_signatures_are_over_the_compressed_bytes(door: Collector) -> None:
    answer = await door.client.post("/v1/events", **signed(gzip.compress(BODY), content_encoding="gzip"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("key", "origin", "wanted"),
    [
        ("", PAGE, (401, "unknown_key", "X-Capi-Key")),
        ("pk_nobody_1234", PAGE, (401, "unknown_key", "key")),
        (SIGNER, PAGE, (401, "not_signed", "")),
        (KEY, "https://evil.example", (403, "origin_not_allowed", "Origin")),
        (KEY, "null", (403, "origin_not_allowed", "Origin")),
        (OTHER_KEY, PAGE, (403, "origin_not_allowed", "Origin")),
    ],
)
async def test_a_page_is_refused(door: Collector, key: str, origin: str, wanted: tuple[int, str, str]) -> None:
    assert refusal(await door.page(LEAST, key=key, origin=origin)) == wanted
    assert not door.kept.records


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", (400, "bad_json", "")),
        (b"{", (400, "bad_json", "")),
        (b'{"a": "\xff"}', (400, "bad_json", "")),
        (b'{"value": NaN}', (400, "not_a_number", "")),
        (b'[{"value": -Infinity}]', (400, "not_a_number", "")),
        (b'{"value": 1e999}', (400, "not_a_number", "")),
        (b'{"a": {"b": 1, "b": 2}}', (400, "duplicate_key", "")),
        (b"[" * 17 + b"]" * 17, (400, "too_deep", "")),
        (b"[" * 100_000, (400, "too_deep", "")),
        (b'{"key": 1, "events": []}', (422, "bad_envelope", "")),
        (b'{"key": "pk_shop_12345678", "events": {}}', (422, "bad_envelope", "")),
        (b"[]", (422, "no_events", "events")),
        (b"[" + b"1," * 1000 + b"1]", (413, "too_many_events", "events")),
        (b" " * 2_000_001, (413, "too_large", "")),
    ],
)
async def test_a_body_that_cannot_be_used(door: Collector, body: bytes, wanted: tuple[int, str, str]) -> None:
    assert refusal(await door.raw(body, x_capi_key=KEY)) == wanted


async def test_a_bomb_is_refused_when_it_has_grown_too_large(door: Collector) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    answer = await door.raw(bomb, x_capi_key=KEY, content_encoding="gzip")
    assert refusal(answer) == (413, "too_large", "")


async def test_a_body_without_a_length_is_bounded_too(door: Collector) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    headers = {"origin": PAGE, "content-type": "text/plain", "x-capi-key": KEY}
    answer = await door.client.post("/v1/events", content=pieces(), headers=headers)
    assert refusal(answer) == (413, "too_large", "")


async def test_nothing_is_taken_while_kafka_is_away(door: Collector) -> None:
    door.kept.broken = "Kafka does not answer"
    answer = await door.page(LEAST)
    assert refusal(answer) == (503, "kafka_unavailable", "")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [("GET", "/v1/nothing", (404, "not_found", "")), ("GET", "/v1/events", (405, "method_not_allowed", ""))],
)
async def test_unknown_paths_and_methods_are_told_as_json(
    door: Collector, method: str, path: str, wanted: tuple[int, str, str]
) -> None:
    answer = await door.client.request(method, path)
    assert refusal(answer) == wanted
    assert answer.headers["server"] == "capi"


async def test_an_id_is_issued_and_not_cached(door: Collector) -> None:
    first, second = [await door.client.get("/v1/id") for _ in range(2)]
    assert first.headers["cache-control"] == "no-store"
    assert first.json()["event_id"][14] == "7"
    assert first.json() != second.json()


async def test_pages_of_the_tenants_may_read_answers_and_others_may_not(door: Collector) -> None:
    for origin, allowed in ((PAGE, PAGE), ("https://other.example", "https://other.example"), ("null", None)):
        asked = await door.client.options("/v1/events", headers={"origin": origin})
        assert asked.status_code == (204 if allowed else 403)
        for answer in (asked, await door.client.get("/v1/id", headers={"origin": origin})):
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.headers["vary"] == "Origin"
            assert answer.headers.get("access-control-allow-credentials") == (allowed and "true")
