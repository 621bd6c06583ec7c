"""Deliveries cut out of AMQP frames, held to pamqp, which shares no code with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.body import ContentBody
from pamqp.frame import marshal
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from sinks.rabbit.connection import Intercept
from sinks.rabbit.deliveries import HEARTBEAT, Delivery, Splitter, read_properties

FRAME_MAX = 131_072
OTHERS = [
    marshal(Heartbeat(), 0),
    marshal(commands.Basic.ConsumeOk(consumer_tag="c"), 1),
    marshal(commands.Basic.Cancel(consumer_tag="c"), 1),
    marshal(commands.Channel.Close(reply_code=406, reply_text="no", class_id=0, method_id=0), 1),
    # a message that came back: method 60, 50, and content that is not a delivery's
    marshal(commands.Basic.Return(reply_code=312, reply_text="", exchange="e", routing_key="k"), 3),
    marshal(ContentHeader(body_size=1, properties=commands.Basic.Properties()), 3),
    marshal(ContentBody(b"x"), 3),
]


def properties_of(**given: Any) -> commands.Basic.Properties:
    fields: dict[str, Any] = {"content_type": "application/json", "delivery_mode": 2} | given
    return commands.Basic.Properties(**fields)


def frames(tag: int, body: bytes, channel: int = 1, key: str = "meta.view", **given: Any) -> list[bytes]:
    most = FRAME_MAX - 8
    return [
        marshal(commands.Basic.Deliver("consumer", tag, False, "capi_events", key), channel),
        marshal(ContentHeader(properties=properties_of(**given), body_size=len(body)), channel),
        *(marshal(ContentBody(body[at : at + most]), channel) for at in range(0, len(body), most)),
    ]


def feed(pieces: Sequence[bytes]) -> tuple[list[Delivery], bytes]:
    splitter = Splitter()
    fed = [splitter.feed(piece) for piece in pieces]
    return [delivery for found, _ in fed for delivery in found], b"".join(others for _, others in fed)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(
    st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(range(len(OTHERS)))), max_size=12),
    st.lists(st.integers(0, 4000), max_size=30),
)
def test_any_order_and_any_pieces_give_the_same(items: list[bytes | int], places: list[int]) -> None:
    bodies = [item for item in items if isinstance(item, bytes)]
    others = [OTHERS[item] for item in items if isinstance(item, int)]
    tag, sent = 0, []
    for item in items:
        if isinstance(item, bytes):
            tag += 1
            sent += frames(tag, item, key=f"k.{tag}", message_id=str(tag))
        else:
            sent.append(OTHERS[item])
    found, rest = feed(cut(b"".join(sent), places))
    assert rest == b"".join(others)
    assert [(d.channel, d.tag, d.routing_key, d.body) for d in found] == [
        (1, number, f"k.{number}", body) for number, body in enumerate(bodies, 1)
    ]
    assert [read_properties(d.properties)[1] for d in found] == [str(n) for n in range(1, len(bodies) + 1)]


@pytest.mark.parametrize("size", [0, 1, FRAME_MAX - 8, FRAME_MAX - 7, 900_000])
def test_bodies_of_several_frames_byte_by_byte(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    data = b"".join(frames(7, body[:size]))
    found, rest = feed([data[at : at + 1] for at in range(len(data))])
    assert ([(d.tag, d.body) for d in found], rest) == ([(7, body[:size])], b"")


def test_channels_may_take_turns() -> None:
    one, two = frames(1, b"one", channel=1), frames(1, b"two", channel=2)
    found, _ = feed([part for pair in zip(one, two, strict=True) for part in pair])
    assert [(d.channel, d.body) for d in found] == [(1, b"one"), (2, b"two")]


@pytest.mark.parametrize("odd", [b"AMQP\x00\x00\x09\x01", HEARTBEAT[:-1] + b"\x00", b"\x07" * 20])
def test_what_is_no_frame_goes_on_with_all_that_follows(odd: bytes) -> None:
    after = b"".join(frames(2, b"b"))
    found, rest = feed([b"".join(frames(1, b"a")), odd, after])
    assert ([d.tag for d in found], rest) == ([1], odd + after)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "content_encoding": st.just("gzip"),
            "headers": st.dictionaries(
                st.text("abc-", min_size=1, max_size=9),
                st.one_of(st.integers(-(2**31), 2**31), st.booleans(), st.text(max_size=9), st.just([1, "a"])),
                max_size=5,
            ),
            "priority": st.integers(0, 255),
            "correlation_id": st.text(max_size=9),
            "reply_to": st.just("answers"),
            "expiration": st.just("60000"),
            "message_id": st.text(max_size=40),
            "timestamp": st.just(datetime(2026, 11, 24, tzinfo=UTC)),
            "message_type": st.just("kind"),
            "app_id": st.just("app"),
        },
    )
)
def test_headers_and_message_id_among_all_properties(given: dict[str, Any]) -> None:
    ((delivery,), _) = feed(frames(1, b"x", **given))
    expected = ContentHeader()
    expected.unmarshal(frames(1, b"x", **given)[1][7:-1])
    headers, message_id = read_properties(delivery.properties)
    assert headers == (expected.properties.headers or {})
    assert message_id == (expected.properties.message_id or "")


def test_headers_that_cannot_be_read_count_as_none() -> None:
    ((delivery,), _) = feed(frames(1, b"x", headers={"capi-attempt": 2}, message_id="m"))
    broken = delivery.properties.replace(b"capi-attempt", b"\xff" * 12)
    assert read_properties(broken) == ({}, "m")


class Inner(asyncio.Protocol):
    def __init__(self) -> None:
        self.got = b""

    def data_received(self, data: bytes) -> None:
        self.got += data


def test_aiormq_is_told_that_the_broker_lives_while_it_sees_only_what_is_left() -> None:
    inner, taken = Inner(), list[Delivery]()
    intercept = Intercept(inner, taken.extend)
    intercept.data_received(b"".join(frames(1, b"a")))
    assert inner.got == HEARTBEAT
    intercept.data_received(b"".join(frames(2, b"b") + OTHERS))
    assert inner.got == HEARTBEAT + b"".join(OTHERS), "not for every delivery"
    assert [d.tag for d in taken] == [1, 2]
