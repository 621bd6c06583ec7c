"""No personal data in the clear behind the door, wherever the producer put it."""

from __future__ import annotations

import time

import pytest

from streams.identity import Bad
from streams.privacy import clean_url, holds_email, is_personal_name


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example/p?email=alice%40example.com&x=1", "https://shop.example/p?x=1"),
        ("https://shop.example/p?x=1&next=a@example.com", "https://shop.example/p?x=1"),
        ("https://shop.example/p?next=alice%2540example.com", "https://shop.example/p"),
        ("https://shop.example/p?x=1&customer[phone]=6505551212#top", "https://shop.example/p?x=1#top"),
        ("https://shop.example/p?customer%5Bemail%5D=x&y=2", "https://shop.example/p?y=2"),
        ("https://shop.example/p?fn=Alice&ln=Doe&y=2&tel=1", "https://shop.example/p?y=2"),
        ("https://shop.example/p?billing_first_name=Alice", "https://shop.example/p"),
        ("https://shop.example/p?a=1;email=x;b=2", "https://shop.example/p?a=1;b=2"),
        ("https://shop.example/p#alice@example.com", "https://shop.example/p"),
        ("https://shop.example/p#?email=x", "https://shop.example/p#"),
        ("https://shop.example/unsubscribe/alice@example.com?x=1", "https://shop.example/"),
        ("https://alice:secret@shop.example/p?x=1", "https://shop.example/"),
        ("https://alice@shop.example/", "https://shop.example/"),
        (
            "https://shop.example/p?access_token=x&reset-token=y&token=z&apiKey=1&jwt=2&x=1",
            "https://shop.example/p?x=1",
        ),
    ],
)
def test_personal_data_is_taken_out_of_urls(url: str, kept: str) -> None:
    assert clean_url(url) == (kept, True)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/@brand/p?utm_source=email&utm_medium=cpc",
        "https://shop.example/p?q=%E6%9D%B1&fbclid=IwAR_x&item=a%20b;c#x=1",
        "https://bücher.example/ü?name=chair",
        "android-app://com.example/path",
        "https://[2001:db8::1]:8443/p?team=a",
        "https://shop.example/p?keyword=chair&tokens=3&key=a",
    ],
)
def test_other_urls_stay_byte_exact(url: str) -> None:
    assert clean_url(url) == (url, False)


@pytest.mark.parametrize(
    "url", ["", "/p", "shop.example", "https://", "https://a b", "x" * 9_000, "https://" + "x" * 9_000]
)
def test_what_is_no_url(url: str) -> None:
    assert isinstance(clean_url(url), Bad)


@pytest.mark.parametrize("url", ["https://[::1/?em=a@example.com", "https://a@example.com@b@example.org"])
def test_broken_urls_with_addresses_never_pass(url: str) -> None:
    answer = clean_url(url)
    assert isinstance(answer, Bad) or not holds_email(answer[0])


@pytest.mark.parametrize("text", ["alice@example.com", "x alice%40example.com", "<a@b.example>", "a＠example.com"])
def test_an_address_is_seen(text: str) -> None:
    assert holds_email(text)


@pytest.mark.parametrize("text", ["", "size 4 @ 3.50", "4@3.50", "@brand", "50% off", "a@b", "me@"])
def test_what_is_no_address(text: str) -> None:
    assert not holds_email(text)


@pytest.mark.parametrize(
    "name", ["email", "E-Mail", "user_email", "phone", "phone_number", "customer[fn]", "dob", "surname"]
)
def test_personal_names(name: str) -> None:
    assert is_personal_name(name)


@pytest.mark.parametrize(
    "name", ["item", "theme", "name", "content_name", "phone_model", "graph", "is_mobile_app", "hotel"]
)
def test_other_names(name: str) -> None:
    assert not is_personal_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 8_000 + "%",
        "a" * 8_000 + "@",
        "a@" * 4_000,
        "a." * 4_000 + "@" + "b" * 3,
        "%40" * 2_700,
        "@a." * 2_700,
    ],
)
def test_a_long_text_costs_one_pass(text: str) -> None:
    """8,000 characters in a pattern that tries every start would take seconds."""
    begun = time.process_time()
    holds_email(text)
    clean_url("https://shop.example/?" + text)
    clean_url("https://shop.example/?" + "em" * 4_000)
    clean_url("https://" + text + " ")
    assert time.process_time() - begun < 0.5
