"""The memory of one visitor, told in days."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.events import Identity, Visit
from streams.person import PERSON_FIELDS
from streams.visitors import DAY_MS, Memory, decode_memory, encode_memory, step, told

A, B, C = ("a" * 64,), ("b" * 64,), ("c" * 64,)
LIMIT_MS = 180 * DAY_MS


class Visitor:
    """One visitor's memory; each method answers what an ask in that visit is told."""

    def __init__(self, remember_ms: int = LIMIT_MS) -> None:
        self.remember_ms = remember_ms
        self.memory: Memory | None = None

    def says(self, day: float, identity: Identity | None = None, **more: Any) -> Identity:
        visit = Visit(
            tenant="default", visitor="fbp:x", session_id="s", asks=True, ask_id=7, identity=identity or {}, **more
        )
        self.memory, answer = step(self.memory, visit, int(day * DAY_MS), self.remember_ms)
        assert answer is not None
        assert (answer.tenant, answer.visitor, answer.session_id, answer.ask_id) == ("default", "fbp:x", "s", 7)
        return answer.identity

    def asks(self, day: float) -> Identity:
        return self.says(day)


def test_an_unknown_visitor_is_answered_with_nothing_and_leaves_nothing() -> None:
    visitor = Visitor()
    assert visitor.asks(0) == {}
    assert visitor.memory is None


def test_who_does_not_ask_hears_nothing() -> None:
    assert (
        step(None, Visit(tenant="t", visitor="fbp:x", session_id="s", identity={"em": A}), 0, LIMIT_MS)[1] is None
    )


def test_the_next_visit_is_told_what_the_last_one_taught() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A, "country_code": "us"})
    assert visitor.asks(1) == {"em": A, "country_code": "us"}


def test_an_answer_is_what_was_known_before() -> None:
    assert Visitor().says(0, {"em": A}) == {}


def test_newer_teaching_overwrites_a_field_and_leaves_the_others() -> None:
    visitor = Visitor()
    visitor.says(0, {"external_id": A, "em": A, "ct": A})
    visitor.says(1, {"external_id": A, "em": B})
    assert visitor.asks(2) == {"external_id": A, "em": B, "ct": A}


@pytest.mark.parametrize("field", ["external_id", "em", "ph"])
def test_another_person_on_the_same_device_inherits_nothing(field: str) -> None:
    visitor = Visitor()
    visitor.says(0, {field: A, "fn": A})
    assert visitor.says(1, {field: B, "ln": B}) == {}
    assert visitor.asks(2) == {field: B, "ln": B}


def test_an_account_may_have_a_new_address() -> None:
    visitor = Visitor()
    visitor.says(0, {"external_id": A, "em": A, "fn": A})
    assert visitor.says(1, {"external_id": A, "em": B}) == {"external_id": A, "em": A, "fn": A}
    assert visitor.asks(2) == {"external_id": A, "em": B, "fn": A}


def test_a_telephone_that_two_share_does_not_make_them_one() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A, "ph": A, "fn": A})
    assert visitor.says(1, {"em": B, "ph": A}) == {}
    assert visitor.asks(2) == {"em": B, "ph": A}


def test_one_value_in_common_is_the_same_person() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": (*A, *B), "fn": A})
    visitor.says(1, {"em": (*B, *C)})
    assert visitor.asks(2) == {"em": (*B, *C), "fn": A}


def test_each_field_goes_when_it_was_not_taught_for_the_limit() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A, "ct": A})
    visitor.says(90, {"em": A})
    assert visitor.asks(179.99) == {"em": A, "ct": A}
    assert visitor.asks(180) == {"em": A}
    assert visitor.asks(270) == {}
    assert visitor.memory is None


def test_asking_keeps_nothing_alive() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A})
    assert [bool(visitor.asks(day)) for day in range(0, 240, 30)] == [True] * 6 + [False] * 2


def test_a_shorter_limit_counts_at_once() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A})
    visitor.remember_ms = 7 * DAY_MS
    assert visitor.asks(8) == {}


def test_forgetting_is_forgetting_also_what_comes_along() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A})
    assert visitor.says(1, {"em": B}, forget=True) == {}
    assert visitor.memory is None


def test_replacing_forgets_first() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A, "fn": A})
    assert visitor.says(1, {"fn": B}, replaces=True) == {}
    assert visitor.asks(2) == {"fn": B}


def test_a_tenant_that_does_not_remember_stores_nothing_and_is_answered() -> None:
    visitor = Visitor(remember_ms=0)
    assert visitor.says(0, {"em": A}) == {}
    assert visitor.memory is None
    turned_off = Visitor()
    turned_off.says(0, {"em": A})
    turned_off.remember_ms = 0
    assert turned_off.asks(0) == {}
    assert turned_off.memory is None


@pytest.mark.parametrize("field", ["fbp", "fbc", "ttp", "ttclid", "client_ip", "client_user_agent", "nonsense"])
def test_only_who_somebody_is_is_remembered(field: str) -> None:
    visitor = Visitor()
    visitor.says(0, {field: "x", "em": A})
    assert visitor.asks(1) == {"em": A}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"em": tuple(f"{n:064x}" for n in range(12))}, {"em": tuple(f"{n:064x}" for n in range(10))}),
        ({"em": ("x" * 129, "y" * 128, "")}, {"em": ("y" * 128,)}),
        ({"em": "text where values belong"}, {}),
        ({"city": ("values where text belongs",)}, {}),
        ({"city": "x" * 129}, {}),
        ({"em": ()}, {}),
    ],
)
def test_values_are_bounded(given: Identity, kept: Identity) -> None:
    visitor = Visitor()
    visitor.says(0, given)
    assert visitor.asks(1) == kept


def test_every_form_of_a_value_comes_back_as_it_was() -> None:
    given: Identity = {
        field: ("a" * 64, "A" * 64, "0b", "Zürich", "")
        if field not in ("city", "state", "country_code")
        else "zürich"
        for field in PERSON_FIELDS
    }
    visitor = Visitor()
    visitor.says(0, given)
    assert visitor.asks(1) == {f: v if isinstance(v, str) else v[:4] for f, v in given.items()}


def test_what_is_stored_names_its_format_and_takes_half_the_size() -> None:
    visitor = Visitor()
    visitor.says(0, {"em": A, "fn": B, "ct": C})
    assert visitor.memory is not None
    stored = encode_memory(visitor.memory)
    assert msgspec.msgpack.decode(stored)["v"] == 1
    assert decode_memory(stored) == visitor.memory
    assert len(stored) < 3 * 64
    assert told(decode_memory(stored)) == {"em": A, "fn": B, "ct": C}
    with pytest.raises(msgspec.ValidationError):
        decode_memory(msgspec.msgpack.encode({"v": 2, "fields": {}}))
