"""What holds for every input: no exception, stable under spelling, never twice, never the hash of nothing."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import UserData
from streams.identity import RAW_FIELDS, Bad, match, normalise
from streams.identity.hashes import HASH_OF_NOTHING
from streams.identity.matching import NORMALISERS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
REGIONS = st.sampled_from(["", "US", "GB", "DE", "BR", "XX"])
SHAPED = st.text("0123456789+-() abAB@.é\u0301ß", max_size=24)
HEX = re.compile(r"[0-9a-f]{64}")


@given(raw=st.dictionaries(st.sampled_from(RAW_FIELDS) | st.text(), JSON), region=REGIONS)
def test_any_user_data_is_read(raw: dict[str, object], region: str) -> None:
    user, _ = normalise(raw, region, 1_795_000_000_000)
    for field in UserData.__struct_fields__:
        value = getattr(user, field)
        digests = value if isinstance(value, tuple) else ()
        assert all(HEX.fullmatch(digest) and digest != HASH_OF_NOTHING for digest in digests)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=150)
@given(text=st.text(max_size=30) | SHAPED, region=REGIONS)
def test_normalising_twice_changes_nothing(field: str, text: str, region: str) -> None:
    once = match(field, text, region)
    if not isinstance(once, Bad) and once.clear:
        twice = match(field, once.clear, region)
        assert twice == once, (once, twice)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=100)
@given(text=st.text(max_size=30) | SHAPED, region=REGIONS)
def test_outer_space_and_decomposed_accents_change_nothing(field: str, text: str, region: str) -> None:
    spelled = f" \t{unicodedata.normalize('NFD', text)}\n "
    assert match(field, spelled, region) == match(field, unicodedata.normalize("NFC", text), region)


@pytest.mark.parametrize("field", [field for field in NORMALISERS if field != "external_id"])
@given(text=st.text("abcXYZéß0123456789@. ", max_size=30), region=REGIONS)
def test_ascii_case_changes_nothing(field: str, text: str, region: str) -> None:
    upper = "".join(char.upper() if char.isascii() else char for char in text)
    assert match(field, upper, region) == match(field, text, region)
