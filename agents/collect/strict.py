"""JSON that means one thing: no key twice in an object, no NaN, not too deep.

msgspec takes the last of two equal keys. To look for them with a hook of `json` costs as much as everything else
that is done to parse, so it is done only when counting leaves a doubt: without white space before it, every colon
behind a key follows a quote, so when the body has no more of `":` than its objects have keys, none came twice.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from agents.collect.problems import Problem

MAX_DEPTH = 16
_SPACED = (b" :", b"\t:", b"\n:", b"\r:")
_decode = msgspec.json.Decoder().decode


class _TwiceError(Exception):
    pass


class _NotANumberError(Exception):
    pass


def parse(body: bytes) -> Any:
    """The JSON value. Raises Problem 400 with what is wrong."""
    try:
        value = _decode(body)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _why(body) from None
    keys = _count_keys(value, MAX_DEPTH)
    if (body.count(b'":') > keys or any(space in body for space in _SPACED)) and _has_twins(body):
        raise Problem(400, "duplicate_key", "an object has the same key twice", "send each key once")
    return value


def _count_keys(value: Any, depth: int) -> int:
    """Of all objects inside. Raises Problem when nested deeper than `depth`."""
    if isinstance(value, dict):
        inside: Any = value.values()
        keys = len(value)
    elif isinstance(value, list):
        inside, keys = value, 0
    else:
        return 0
    if not depth:
        raise _too_deep()
    for one in inside:
        if one.__class__ is dict or one.__class__ is list:
            keys += _count_keys(one, depth - 1)
    return keys


def _has_twins(body: bytes) -> bool:
    try:
        json.loads(body, object_pairs_hook=_refuse_twins)
    except _TwiceError:
        return True
    return False


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _TwiceError


def _why(body: bytes) -> Problem:
    """The standard library's parser takes NaN and Infinity, and so tells them from other mistakes."""
    try:
        json.loads(body, parse_constant=_refuse_constant)
    except _NotANumberError:
        return Problem(400, "not_a_number", "NaN and Infinity are no JSON", "leave the field out")
    except RecursionError:
        return _too_deep()
    except ValueError:
        pass
    return Problem(400, "bad_json", "the body is not JSON in UTF-8", "see docs/event.schema.json")


def _refuse_constant(_: str) -> NoReturn:
    raise _NotANumberError


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"the body is nested deeper than {MAX_DEPTH}", "see docs/event.schema.json")
