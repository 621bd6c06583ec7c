"""What the vendors' own pages say, and the hard inputs around it. Vectors: Meta "Customer Information Parameters",
TikTok "Events API 2.0", read November 2026."""

from __future__ import annotations

import pytest

from streams.identity import Bad, match
from streams.identity.hashes import sha256_hex


def clear(field: str, text: str, region: str = "") -> str:
    """The normalised text, or "-" when the value is dropped."""
    answer = match(field, text, region)
    return "-" if isinstance(answer, Bad) else answer.clear


def hashes(field: str, text: str, region: str = "") -> dict[str, str]:
    answer = match(field, text, region)
    return {} if isinstance(answer, Bad) else dict(answer.hashes)


@pytest.mark.parametrize(
    ("field", "form", "text", "region", "digest"),
    [
        ("em", "em", "John_Smith@gmail.com", "", "62a14e44…0f62f"),
        ("em", "em", "alice_abc@gmail.com", "", "848a7714…bb4f"),
        ("ph", "ph", "(650)555-1212", "US", "e323ec62…3176"),
        ("ph", "ph_e164", "+12133734253", "", "9f7ec22d…d2fd"),
        ("fn", "fn", "Mary", "", "6915771b…"),
        ("fn", "fn", "정", "", "8fa8cd9c…"),
        ("fn", "fn", "Valéry", "", "08e1996b…"),
        ("fn", "fn", "Vale\u0301ry", "", "08e1996b…"),
        ("db", "db", "2/16/1997", "", "01acdbf6…"),
        ("country", "country", "us", "", "79adb2a2…"),
    ],
)
def test_vendor_vector(field: str, form: str, text: str, region: str, digest: str) -> None:
    start, _, end = digest.partition("…")
    found = hashes(field, text, region)[form]
    assert found.startswith(start) and found.endswith(end)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Alice@Example.COM ", "alice@example.com"),
        ("mailto:alice@example.com", "alice@example.com"),
        ("first.last+tag@example.com", "first.last+tag@example.com"),
        ("alice@sub.shop.example.co.uk", "alice@sub.shop.example.co.uk"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("alice@BÜCHER.example", "alice@xn--bcher-kva.example"),
        ("josé@example.com", "josé@example.com"),
        ("ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "alice@example.com"),
        ("\u200balice@example.com\ufeff", "alice@example.com"),
        ("alice.@example.com", "alice.@example.com"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("alice@example", "-"),
        ("alice", "-"),
        ("alice@", "-"),
        ("@example.com", "-"),
        ("a@b@example.com", "-"),
        ("alice smith@example.com", "-"),
        ("alice@exam ple.com", "-"),
        ("Alice <alice@example.com>", "-"),
        ("a@example.com, b@example.com", "-"),
        ("alice@192.0.2.1", "-"),
        ("alice@-example.com", "-"),
        ("alice@example..com", "-"),
        ("alice@example.com.", "-"),
        ("alice@example.c", "-"),
        ("alice\x00@example.com", "-"),
        ("x" * 65 + "@example.com", "-"),
        ("d41d8cd98f00b204e9800998ecf8427e", "-"),
        ("", "-"),
        ("   ", "-"),
    ],
)
def test_email(text: str, expected: str) -> None:
    assert clear("em", text) == expected


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(650) 555-1212", "US", "+16505551212"),
        ("1-650-555-1212", "US", "+16505551212"),
        ("16505551212", "US", "+16505551212"),
        ("+1 650 555 1212", "", "+16505551212"),
        ("+1 650 555 1212", "DE", "+16505551212"),
        ("001 650 555 1212", "", "+16505551212"),
        ("00 44 20 7946 0958", "FR", "+442079460958"),
        ("0170 1234567", "DE", "+491701234567"),
        ("491701234567", "DE", "+491701234567"),
        ("447400123456", "GB", "+447400123456"),
        ("79161234567", "RU", "+79161234567"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("34612345678", "ES", "+34612345678"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("+44 (0)20 7946 0958", "", "+442079460958"),
        ("020 7946 0958 ext. 5", "GB", "+442079460958"),
        ("020 7946 0958 x123", "GB", "+442079460958"),
        ("020 7946 0958;ext=7", "GB", "+442079460958"),
        ("tel:+442079460958", "", "+442079460958"),
        ("＋４４２０７９４６０９５８", "", "+442079460958"),
        ("٠١٠١٢٣٤٥٦٧٨", "EG", "+201012345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("650 555 1212", "", "-"),
        ("16505551212", "", "-"),
        ("555-1212", "US", "-"),
        ("1-800-FLOWERS", "US", "-"),
        ("+1 650 555 121", "", "-"),
        ("+999 123 456 789", "", "-"),
        ("0000000000", "US", "-"),
        ("unknown", "US", "-"),
        ("()", "US", "-"),
        ("1" * 65, "US", "-"),
        ("alice@example.com", "US", "-"),
        ("d41d8cd98f00b204e9800998ecf8427e", "US", "-"),
    ],
)
def test_phone(text: str, region: str, expected: str) -> None:
    assert clear("ph", text, region) == expected


def test_a_phone_has_one_hash_for_meta_and_another_for_tiktok() -> None:
    assert hashes("ph", "(650)555-1212", "US") == {
        "ph": sha256_hex("16505551212"),
        "ph_e164": sha256_hex("+16505551212"),
    }


@pytest.mark.parametrize(
    ("field", "text", "region", "expected"),
    [
        ("fn", " Mary-Ann ", "", "maryann"),
        ("fn", "Mary Ann", "", "maryann"),
        ("ln", "O’Hara", "", "ohara"),
        ("ln", "O'Hara", "", "ohara"),
        ("ln", "Müller", "", "müller"),
        ("ln", "Иванов", "", "иванов"),
        ("ln", "محمد", "", "محمد"),
        ("fn", "नेहा", "", "नेहा"),
        ("fn", "J.", "", "j"),
        ("fn", "Alice 😀", "", "alice"),
        ("fn", "...", "", "-"),
        ("fn", "😀", "", "-"),
        ("ge", "Female", "", "f"),
        ("ge", "F", "", "f"),
        ("ge", "weiblich", "", "f"),
        ("ge", "Männlich", "", "m"),
        ("ge", "homme", "", "m"),
        ("ge", "Мужской", "", "m"),
        ("ge", "kadın", "", "f"),
        ("ge", "女性", "", "f"),
        ("ge", "divers", "", "-"),
        ("ge", "h", "", "-"),
        ("ge", "1", "", "-"),
        ("db", "1997-02-16", "", "19970216"),
        ("db", "1997-2-6", "", "19970206"),
        ("db", "19970216", "", "19970216"),
        ("db", "1997/02/16", "", "19970216"),
        ("db", "1997-02-16T00:00:00Z", "", "19970216"),
        ("db", "16.02.1997", "", "19970216"),
        ("db", "16/2/1997", "", "19970216"),
        ("db", "05/05/1990", "", "19900505"),
        ("db", "١٩٩٧-٠٢-١٦", "", "19970216"),
        ("db", "02/03/1997", "", "-"),
        ("db", "16/02/97", "", "-"),
        ("db", "1997-02-30", "", "-"),
        ("db", "16021997", "", "-"),
        ("db", "0000-00-00", "", "-"),
        ("db", "1797-02-16", "", "-"),
        ("db", "199721", "", "-"),
        ("db", "yesterday", "", "-"),
        ("ct", "New York", "US", "newyork"),
        ("ct", "São Paulo", "BR", "sãopaulo"),
        ("ct", "St. Gallen 9000", "CH", "stgallen"),
        ("ct", "東京", "JP", "東京"),
        ("ct", "12345", "", "-"),
        ("st", "California", "US", "ca"),
        ("st", "CA", "US", "ca"),
        ("st", "US-CA", "US", "ca"),
        ("st", "CA-ON", "", "on"),
        ("st", "CA-ON", "US", "-"),
        ("st", "DE-BY", "DE", "by"),
        ("st", "Bavaria", "", "bavaria"),
        ("st", "New  York", "US", "ny"),
        ("st", "13", "US", "-"),
        ("st", "Bavaria", "US", "-"),
        ("st", "california", "", "ca"),
        ("st", "Ontario", "CA", "on"),
        ("st", "Québec", "CA", "qc"),
        ("st", "New South Wales", "AU", "nsw"),
        ("st", "São Paulo", "BR", "sp"),
        ("st", "Île-de-France", "FR", "îledefrance"),
        ("st", "13", "FR", "13"),
        ("zp", "94305-1234", "US", "94305"),
        ("zp", "94305", "US", "94305"),
        ("zp", "94305 1234", "US", "94305"),
        ("zp", "94305-1234", "", "94305"),
        ("zp", "2139", "US", "-"),
        ("zp", "M1 1AE", "GB", "m11"),
        ("zp", "SW1A 1AA", "GB", "sw1a1"),
        ("zp", "K1A 0B1", "CA", "k1a0b1"),
        ("zp", "1000-001", "PT", "1000001"),
        ("zp", "1234 AB", "NL", "1234ab"),
        ("zp", "１００-０００１", "JP", "1000001"),
        ("zp", "01310-100", "BR", "01310100"),
        ("zp", "1011", "CH", "1011"),
        ("zp", "banana", "DE", "-"),
        ("zp", "---", "", "-"),
        ("country", "USA", "", "us"),
        ("country", "United States", "", "us"),
        ("country", "UK", "", "gb"),
        ("country", "Deutschland", "", "de"),
        ("country", "España", "", "es"),
        ("country", "The Netherlands", "", "nl"),
        ("country", "Côte d’Ivoire", "", "ci"),
        ("country", "Trinidad and Tobago", "", "tt"),
        ("country", "日本", "", "jp"),
        ("country", "Россия", "", "ru"),
        ("country", "مصر", "", "eg"),
        ("country", "XX", "", "-"),
        ("country", "Atlantis", "", "-"),
        ("external_id", " User-42 ", "", "User-42"),
        ("external_id", "550e8400e29b41d4a716446655440000", "", "550e8400e29b41d4a716446655440000"),
        ("external_id", "undefined", "", "-"),
        ("external_id", "[object Object]", "", "-"),
        ("external_id", "a\x00b", "", "-"),
    ],
)
def test_other_fields(field: str, text: str, region: str, expected: str) -> None:
    assert clear(field, text, region) == expected


HASH = sha256_hex("alice@example.com")


@pytest.mark.parametrize("text", [HASH, HASH.upper(), f"  {HASH} ", f"{HASH}.AQIBAQIA"])
@pytest.mark.parametrize("field", ["em", "ph", "fn", "db", "ct", "country", "external_id", "ph_e164"])
def test_what_came_hashed_is_never_hashed_again(field: str, text: str) -> None:
    assert hashes(field, text) == {field: HASH}


@pytest.mark.parametrize("text", [sha256_hex(""), "0" * 32, "0" * 40, HASH[:-1], f"{HASH}.AQ"])
def test_other_hashes_and_the_hash_of_nothing_are_dropped(text: str) -> None:
    assert hashes("em", text) == {}
