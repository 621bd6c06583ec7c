"""JSON that means one thing: no key twice in an object, no NaN, not too deep.

msgspec takes the last of two equal keys. A hook of `json` that looks for them costs twice what the rest of reading
does, so it is asked only in doubt. Written out again, a value has each key once, so a colon fewer than the body
for each that came twice; only a colon that came escaped can make up for it.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import msgspec

from agents.collect.problems import Problem

MAX_DEPTH = 12  # an event has 7; the type doubles with each level, and is made at start-up
ESCAPED_COLON = b"\\u003"  # the last digit is an A, in lower or upper case


def _nested(depth: int) -> Any:
    """The type of every JSON value that is nested at most `depth` deep."""
    plain = str | bool | int | float | None
    found: Any = plain
    for _ in range(depth):
        found = plain | list[found] | dict[str, found]
    return found


_decode = msgspec.json.Decoder(_nested(MAX_DEPTH)).decode
_encode = msgspec.json.Encoder().encode


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
    except msgspec.ValidationError as error:
        raise _out_of_range() if "out of range" in str(error) else _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _why(body) from None
    if _in_doubt(body, value) and _has_twins(body):
        raise Problem(400, "duplicate_key", "an object has the same key twice", "send each key once")
    return value


def _in_doubt(body: bytes, value: Any) -> bool:
    return body.count(b":") != _encode(value).count(b":") or ESCAPED_COLON in body


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


def _out_of_range() -> Problem:
    return Problem(400, "not_a_number", "a number is larger than a double can be", "leave the field out")


def _too_deep() -> Problem:
    return Problem(400, "too_deep", f"the body is nested deeper than {MAX_DEPTH}", "see docs/event.schema.json")
