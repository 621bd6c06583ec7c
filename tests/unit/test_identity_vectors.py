"""Golden vectors: what goes in, what each platform gets, or why it gets nothing.

The data is in `vectors/`, a file a field: the vendors' own examples, with the hashes that their pages print, and
the hard inputs around them. A normal form stands there as text; here it is hashed by hashlib, not by our own code.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from streams.events import UserData
from streams.identity import Dropped, normalise

FILES = Path(__file__).parent / "vectors"
FIELDS = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id")
LEAST = 40  # vectors of a field
NOW_MS = 1_795_000_000_000

TIKTOK_CLEAR = {"ct": "city", "st": "state", "country": "country_code"}


class Used(NamedTuple):
    field: str
    text: str
    region: str
    meta: str
    tiktok: str


class Useless(NamedTuple):
    field: str
    text: str
    region: str
    reason: str


@cache
def file(name: str) -> dict[str, Any]:
    return tomllib.loads((FILES / f"{name}.toml").read_text(encoding="utf-8"))


def rows(field: str, kind: str) -> list[list[str]]:
    return [row for group in file(field)["group"] for row in group.get(kind, ())]


USED = [Used(field, row[0], row[1], row[2], row[-1]) for field in FIELDS for row in rows(field, "used")]
USELESS = [Useless(field, *row) for field in FIELDS for row in rows(field, "dropped")]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def named(row: Any) -> str:
    return ascii(" ".join(row[:3]))[1:60] if isinstance(row, tuple) else ""


def user_data(members: dict[str, Any]) -> UserData:
    return UserData(**members)


def expected(vector: Used) -> UserData:
    """Everything that the platforms get of this one value, and nothing else."""
    kept: dict[str, Any] = {vector.field: (sha256(vector.meta),)}
    if vector.field == "ph":
        kept["ph_e164"] = (sha256(vector.tiktok),)
    if vector.field in TIKTOK_CLEAR:
        kept[TIKTOK_CLEAR[vector.field]] = vector.tiktok
    return user_data(kept)


@pytest.mark.parametrize("vector", USED, ids=named)
def test_what_each_platform_gets(vector: Used) -> None:
    user, dropped = normalise({vector.field: vector.text}, vector.region, NOW_MS)
    assert dropped == ()
    assert user == expected(vector)


@pytest.mark.parametrize("vector", USELESS, ids=named)
def test_why_a_value_is_dropped(vector: Useless) -> None:
    user, dropped = normalise({vector.field: vector.text}, vector.region, NOW_MS)
    assert user == UserData()
    assert dropped == (Dropped(f"user_data.{vector.field}", vector.reason),)


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_has_enough_different_vectors(field: str) -> None:
    inputs = [(row[0], row[1]) for kind in ("used", "dropped") for row in rows(field, kind)]
    assert len(inputs) >= LEAST
    assert not {given for given in inputs if inputs.count(given) > 1}


@pytest.mark.parametrize(
    ("field", "form", "digest"),
    [(field, form, digest) for field in FIELDS for form, digest in file(field).get("printed", {}).items()],
)
def test_hashes_that_the_vendors_print(field: str, form: str, digest: str) -> None:
    assert sha256(form) == digest
    vector = next(vector for vector in USED if vector.field == field and form in (vector.meta, vector.tiktok))
    user, _ = normalise({field: vector.text}, vector.region, NOW_MS)
    assert digest in getattr(user, "ph_e164" if form.startswith("+") else field)


def test_how_tiktok_takes_each_field_is_as_its_file_says() -> None:
    assert {field for field in FIELDS if file(field)["tiktok"] == "clear"} == set(TIKTOK_CLEAR)
    assert {field for field in FIELDS if file(field)["tiktok"] == "none"} == {"ge", "db"}


CLEAR = [(field["name"], *row) for field in file("clear")["field"] for row in field["used"]]
USELESS_IN_THE_CLEAR = [(field["name"], *row) for field in file("clear")["field"] for row in field["dropped"]]


@pytest.mark.parametrize(("field", "text", "sent"), CLEAR)
def test_what_goes_in_the_clear(field: str, text: str, sent: str) -> None:
    assert normalise({field: text}, "", NOW_MS) == (user_data({field: sent}), ())


@pytest.mark.parametrize(("field", "text", "reason"), USELESS_IN_THE_CLEAR)
def test_why_an_id_is_dropped(field: str, text: str, reason: str) -> None:
    assert normalise({field: text}, "", NOW_MS) == (UserData(), (Dropped(f"user_data.{field}", reason),))


def test_the_longest_click_id_of_tiktok() -> None:
    assert normalise({"ttclid": "E.C.P." + "x" * 994}, "", NOW_MS)[0].ttclid == "E.C.P." + "x" * 994
    assert normalise({"ttclid": "E.C.P." + "x" * 995}, "", NOW_MS)[0] == UserData()
