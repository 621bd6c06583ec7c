"""What people are told to do about a code: every code that stops a pixel or an event has an answer."""

from __future__ import annotations

import pytest

from sinks.advice import advice
from sinks.platforms import meta_answers, tiktok_answers


@pytest.mark.parametrize("code", sorted(meta_answers.MISCONFIGURED | {meta_answers.BLOCKED}))
def test_every_code_that_stops_a_pixel_of_meta_has_advice(code: int) -> None:
    assert advice("meta", str(code))


@pytest.mark.parametrize("subcode", sorted(meta_answers.INVALID))
def test_every_subcode_of_an_event_that_meta_refuses_has_advice_of_its_own(subcode: int) -> None:
    assert advice("meta", f"100/{subcode}") not in ("", advice("meta", "100"))


@pytest.mark.parametrize("code", sorted(tiktok_answers.MISCONFIGURED))
def test_every_code_that_stops_a_pixel_of_tiktok_has_advice(code: int) -> None:
    assert advice("tiktok", str(code))


@pytest.mark.parametrize(
    ("platform", "code", "part"),
    [
        ("meta", "190/463", "access token"),
        ("meta", "100/33", "no such dataset"),
        ("meta", "4", "slowed down"),
        ("meta", "2", "tried again"),
        ("tiktok", "40002", "capi validate"),
        ("tiktok", "50000", "tried again"),
        ("tiktok", "40100", "slowed down"),
        ("tiktok", "20001", "diagnostics"),
        ("meta", "token", "cannot be read"),
    ],
)
def test_what_is_said(platform: str, code: str, part: str) -> None:
    assert part in advice(platform, code)


@pytest.mark.parametrize("code", ["", "http 503", "12345", "/", "190/x/y", "words"])
def test_codes_of_any_kind_are_taken(code: str) -> None:
    assert isinstance(advice("meta", code) + advice("tiktok", code) + advice("gone", code), str)
