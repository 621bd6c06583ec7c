"""What holds for every input: no exception, stable under spelling, never twice, never the hash of nothing."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import UserData
from streams.identity import RAW_FIELDS, Bad, match, normalise
from streams.identity.matching import NORMALISERS

HASH_OF_NOTHING = hashlib.sha256(b"").hexdigest()

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("\ud800\udc00a@\x00", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)
REGIONS = st.sampled_from(["", "US", "GB", "DE", "BR", "IT", "MX", "NL", "AU", "JP", "XX"])
SHAPED = st.text("0123456789+-()/., abAB@.é\u0301ß年İΣς\u200d\ufe0f", max_size=24)
WORDS = st.sampled_from(
    [
        "Alice@Example.com",
        "(650) 555-1212",
        "+44 20 7946 0958",
        "Valéry",
        "O'Hara",
        "Female",
        "männlich",
        "16.02.1997",
        "Feb 16, 1997",
        "São Paulo",
        "東京",
        "Québec",
        "CA-ON",
        "M1 1AE",
        "1000-001",
        "Côte d’Ivoire",
        "日本",
        "User-42",
    ]
)
TEXTS = st.text(max_size=30) | SHAPED | WORDS
CASELESS = [field for field in NORMALISERS if field != "external_id"]  # an id is the shop's own
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}

REASONS = frozenset(
    [
        "is empty",
        "is not Unicode text",
        "is a placeholder",
        "holds an @",
        "is the hash of an empty text",
        "looks like MD5, SHA-1 or another hash; the platforms match SHA-256 only",
        "looks like a hash in base64; it has to be in hex",
        "needs exactly one @",
        "has no usable part before the @",
        "has no usable host after the @",
        "is not a phone number",
        "is more than one number",
        "needs a country code, or a country",
        "is not a valid number of its country",
        "has no letters",
        "is neither f nor m",
        "is not a date with a full year",
        "is not a date of the calendar",
        "is not in 1900 to 2099",
        "could be day/month or month/day",
        "is no state of the United States",
        "is a number, not a state",
        "has not the shape of the country's postal codes",
        "is no postal code",
        "is no country that is known here",
        "has control characters",
    ]
)


@given(raw=st.dictionaries(st.sampled_from(RAW_FIELDS) | st.text(), JSON), region=REGIONS)
def test_any_user_data_is_read(raw: dict[str, object], region: str) -> None:
    user, _ = normalise(raw, region, 1_795_000_000_000)
    for field in UserData.__struct_fields__:
        value = getattr(user, field)
        digests = value if isinstance(value, tuple) else ()
        assert all(re.fullmatch("[0-9a-f]{64}", digest) and digest != HASH_OF_NOTHING for digest in digests)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=150)
@given(text=TEXTS, region=REGIONS)
def test_a_normal_form_is_its_own_normal_form(field: str, text: str, region: str) -> None:
    once = match(field, text, region)
    if not isinstance(once, Bad) and once.clear:
        twice = match(field, once.clear, region)
        assert twice == once, (once, twice)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=150)
@given(text=TEXTS, region=REGIONS)
def test_what_is_hashed_is_the_normal_form_and_never_nothing(field: str, text: str, region: str) -> None:
    answer = match(field, text, region)
    if not isinstance(answer, Bad) and answer.clear:
        digests = {digest for _, digest in answer.hashes}
        assert (
            hashlib.sha256(answer.clear.removeprefix("+" if field == "ph" else "").encode()).hexdigest() in digests
        )
        assert HASH_OF_NOTHING not in digests


@pytest.mark.parametrize("field", [*NORMALISERS, "ph_e164"])
@given(digest=st.binary(min_size=32, max_size=32), region=REGIONS, upper=st.booleans())
def test_a_hash_goes_in_and_the_same_comes_out(field: str, digest: bytes, region: str, upper: bool) -> None:
    text = digest.hex().upper() if upper else digest.hex()
    answer = match(field, text, region)
    assert not isinstance(answer, Bad)
    assert answer.hashes == ((field, digest.hex()),)
    assert answer.clear == ""


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=100)
@given(text=TEXTS, region=REGIONS)
def test_outer_space_and_decomposed_accents_change_nothing(field: str, text: str, region: str) -> None:
    spelled = f" \t{unicodedata.normalize('NFD', text)}\n\u3000"
    assert match(field, spelled, region) == match(field, unicodedata.normalize("NFC", text), region)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=100)
@given(text=SHAPED | WORDS, region=REGIONS)
def test_full_width_forms_change_nothing(field: str, text: str, region: str) -> None:
    assert match(field, text.translate(FULL_WIDTH), region) == match(field, text, region)


@pytest.mark.parametrize("field", NORMALISERS)
@given(text=st.text("0123456789+-() ", max_size=20), region=REGIONS)
def test_digits_of_another_script_change_nothing(field: str, text: str, region: str) -> None:
    arabic = text.translate({ord(str(digit)): 0x660 + digit for digit in range(10)})
    assert match(field, arabic, region) == match(field, text, region)


@pytest.mark.parametrize("field", CASELESS)
@given(text=st.text("abcXYZéß0123456789@. ", max_size=30) | WORDS, region=REGIONS)
def test_case_changes_nothing(field: str, text: str, region: str) -> None:
    upper = "".join(char.upper() if char.upper().lower() == char else char for char in text)
    assert match(field, upper, region) == match(field, text.lower(), region)


@pytest.mark.parametrize("field", NORMALISERS)
@settings(max_examples=100)
@given(text=TEXTS, region=REGIONS)
def test_a_reason_is_one_of_few_sentences(field: str, text: str, region: str) -> None:
    """They are counted by, and none may hold a part of the value."""
    answer = match(field, text, region)
    if isinstance(answer, Bad):
        assert answer.reason in REASONS
