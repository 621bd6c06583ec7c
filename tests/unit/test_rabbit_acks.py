"""Which deliveries are acknowledged together, against a model of the broker."""

from __future__ import annotations

from unittest.mock import Mock

from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands
from pamqp.frame import unmarshal

from sinks.rabbit.acks import frames
from sinks.rabbit.unacked import Unacked


def unacked(tags: range) -> Unacked:
    made = Unacked(Mock())
    made.came(tags)
    return made


def test_what_lies_before_the_first_in_hand_goes_together() -> None:
    held = unacked(range(1, 9))
    assert held.settle([3, 4]) == (0, [3, 4])
    assert held.settle([1, 2, 6]) == (2, [6])
    assert held.settle([5]) == (5, [])
    assert held.settle([8, 7]) == (8, [])
    assert len(held) == 0


def test_a_delivery_is_acknowledged_once() -> None:
    held = unacked(range(1, 3))
    assert held.settle([1]) == (1, [])
    assert held.settle([1]) == (0, [])
    assert held.settle([2, 2]) == (2, [])


@given(st.lists(st.lists(st.integers(1, 40), max_size=8), max_size=30), st.integers(1, 40))
def test_the_broker_never_refuses_and_never_takes_more(calls: list[list[int]], most: int) -> None:
    held, asked = unacked(range(1, most + 1)), set[int]()
    broker = set(range(1, most + 1))
    for tags in calls:
        asked |= {tag for tag in tags if tag <= most}
        for payload in frames(7, *held.settle(tags)):
            _, channel, ack = unmarshal(payload)
            assert isinstance(ack, commands.Basic.Ack)
            assert channel == 7
            assert ack.delivery_tag in broker, "RabbitMQ would close the channel"
            gone = {tag for tag in broker if ack.multiple and tag < (ack.delivery_tag or 0)} | {ack.delivery_tag}
            broker -= gone
        assert broker == set(range(1, most + 1)) - asked
