"""JSON that means one thing: what is refused, and that nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.collect.problems import Problem
from agents.collect.strict import MAX_DEPTH, parse

KEYS = st.sampled_from(["a", "b", ":", "a:", '"', "\\", "é", " "])
SPACE = st.sampled_from(["", " ", "\n", "\t  "])
TEXTS = st.text(alphabet='ab:"\\ é,{}', max_size=6)


@st.composite
def written(draw: st.DrawFn, depth: int = 3) -> tuple[str, bool]:
    """A JSON text written in one of many ways, and whether an object in it has a key twice."""
    kind = draw(st.integers(0, 2 if depth else 0))
    if kind == 0:
        return json.dumps(draw(TEXTS | st.integers() | st.booleans() | st.none())), False
    inside = draw(st.lists(written(depth=depth - 1), max_size=4))
    space, twins = draw(SPACE), any(twice for _, twice in inside)
    if kind == 1:
        return f"[{space}" + f"{space},".join(text for text, _ in inside) + "]", twins
    keys = draw(st.lists(KEYS, min_size=len(inside), max_size=len(inside)))
    pairs = (
        f"{_key(key, draw(st.booleans()))}{space}:{space}{text}"
        for key, (text, _) in zip(keys, inside, strict=True)
    )
    return "{" + ",".join(pairs) + "}", twins or len(set(keys)) < len(keys)


def _key(key: str, escaped: bool) -> str:
    return '"' + "".join(f"\\u{ord(sign):04x}" for sign in key) + '"' if escaped else json.dumps(key)


@given(written())
def test_exactly_those_with_a_key_twice_are_refused(one: tuple[str, bool]) -> None:
    text, twice = one
    if twice:
        with pytest.raises(Problem) as refused:
            parse(text.encode())
        assert refused.value.code == "duplicate_key"
    else:
        assert parse(text.encode()) == json.loads(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_as_deep_as_allowed_and_one_deeper(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    assert parse((opening * MAX_DEPTH + "1" + closing * MAX_DEPTH).encode())
    with pytest.raises(Problem) as refused:
        parse((opening * (MAX_DEPTH + 1) + "1" + closing * (MAX_DEPTH + 1)).encode())
    assert refused.value.code == "too_deep"


@pytest.mark.parametrize("number", [0, -0.5, 1e300, 2**63, 2**64, 10**30, 123456789.123])
def test_numbers_stay_what_they_are(number: Any) -> None:
    assert parse(json.dumps([number]).encode()) == [number]
