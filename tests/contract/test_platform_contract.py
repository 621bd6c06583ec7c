"""Every platform keeps the contract of sinks/platforms/contract.py; the toy shows that a third one can."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.platforms import PLATFORM_RULES, rules
from sinks.platforms.contract import (
    MAX_EVENTS_PER_REQUEST,
    Delivered,
    Invalid,
    Misconfigured,
    PlatformRules,
    Throttled,
    Transient,
)
from sinks.platforms.meta import Meta
from sinks.platforms.proof import proven_body
from sinks.platforms.tiktok import TikTok
from streams.events import UserData
from streams.quality import FUTURE_SLACK_MS, MAX_AGE_MS, refused
from streams.settings import load_settings
from tests.contract.jobs import MARIA, NOW_MS, job
from tests.contract.toy_platform import Toy

ALL: tuple[PlatformRules, ...] = (
    Meta("https://graph.example.com", "v26.0"),
    TikTok("https://tiktok.example.com"),
    Toy("https://toy.example.com"),
)
# Meta, "Conversions API / Parameters / Standard events", read November 2026; TikTok took the names over.
_STANDARD_EVENTS = (
    "AddPaymentInfo AddToCart AddToWishlist CompleteRegistration Contact CustomizeProduct Donate FindLocation "
    "InitiateCheckout Lead Purchase Schedule Search StartTrial SubmitApplication Subscribe ViewContent"
)
every_platform = pytest.mark.parametrize("platform", ALL, ids=lambda p: type(p).__name__)
OK_BODY: dict[type, bytes] = {
    Meta: b'{"events_received": 2, "fbtrace_id": "t"}',
    TikTok: b'{"code": 0}',
    Toy: b'{"status": "ok"}',
}
TOKEN_BODY: dict[type, bytes] = {
    Meta: b'{"error": {"code": 190}}',
    TikTok: b'{"code": 40105}',
    Toy: b'{"status": "token"}',
}
INVALID_BODY: dict[type, bytes] = {
    Meta: b'{"error": {"code": 100, "message": "bad key on param \\"$[\'data\'][1]\\""}}',
    TikTok: b'{"code": 40002, "message": "data.1.event_time: bad"}',
    Toy: b'{"status": "bad", "bad": 1}',
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KNOWN_KEYS = st.sampled_from(["error", "code", "events_received", "error_subcode", "message", "status", "bad"])
ANSWERS = st.binary(max_size=60) | st.dictionaries(
    KNOWN_KEYS, JSON | st.dictionaries(KNOWN_KEYS, JSON, max_size=4), max_size=5
).map(msgspec.json.encode)


@every_platform
def test_a_request_holds_every_event_in_order_and_no_token(platform: PlatformRules) -> None:
    ids = [f"event-{n}" for n in range(30)]
    request = platform.build([job(event_id=event_id) for event_id in ids], "pixel-1", "")
    places = [request.body.index(f'"{event_id}"'.encode()) for event_id in ids]
    assert places == sorted(places)
    assert request.events == 30
    assert isinstance(msgspec.json.decode(request.body), dict)
    assert request.token_header.name not in request.headers
    assert "token" not in request.url


@every_platform
def test_the_same_jobs_give_the_same_bytes(platform: PlatformRules) -> None:
    assert platform.build([job()], "p", "code") == platform.build([job()], "p", "code")


@every_platform
def test_the_time_is_sent_in_whole_seconds(platform: PlatformRules) -> None:
    body = platform.build([job(event_time_ms=NOW_MS - 1)], "p", "").body
    assert f":{(NOW_MS - 1) // 1000}".encode() in body
    assert str(NOW_MS - 1).encode() not in body


@every_platform
@pytest.mark.parametrize("count", [0, MAX_EVENTS_PER_REQUEST + 1])
def test_a_wrong_number_of_jobs_is_refused(platform: PlatformRules, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        platform.build([job()] * count, "p", "")


@every_platform
def test_jobs_of_two_groups_are_refused(platform: PlatformRules) -> None:
    first = job()
    others = [job(action_source="app"), job(test_event_code="TEST1")]
    other = next(o for o in others if platform.group_key(o) != platform.group_key(first))
    with pytest.raises(ValueError, match="2 groups"):
        platform.build([first, other], "p", "")


@every_platform
def test_nothing_empty_is_sent(platform: PlatformRules) -> None:
    sparse = job(user=UserData(em=MARIA.em), event_source_url="", custom_data={})
    body = platform.build([sparse], "p", "").body
    assert not [empty for empty in (b'""', b"null", b"[]", b"{}") if empty in body]


@every_platform
def test_preflight_passes_a_good_job_up_to_the_limits_of_time(platform: PlatformRules) -> None:
    for event_time_ms in (NOW_MS, NOW_MS - MAX_AGE_MS, NOW_MS + FUTURE_SLACK_MS):
        assert platform.preflight(job(event_time_ms=event_time_ms), NOW_MS) == ()


@every_platform
def test_preflight_says_why_a_job_cannot_be_sent(platform: PlatformRules) -> None:
    bad = [
        job(consent="denied"),
        job(event_time_ms=NOW_MS - MAX_AGE_MS - 1),
        job(event_time_ms=NOW_MS + FUTURE_SLACK_MS + 1),
        job(user=UserData()),
    ]
    found = [refused(platform.preflight(one, NOW_MS)) for one in bad]
    assert [[problem.code for problem in problems] for problems in found] == [
        ["consent_denied"],
        ["too_old"],
        ["in_future"],
        ["no_key"],
    ]
    assert all(problem.field and problem.reason and problem.fix for problems in found for problem in problems)


@every_platform
def test_identities_are_no_events(platform: PlatformRules) -> None:
    assert platform.event_name("Identify") is None
    assert platform.event_name("Purchase")


@pytest.mark.parametrize("name", _STANDARD_EVENTS.split())
def test_standard_events_keep_their_names_and_own_ones_too(name: str) -> None:
    assert [kind.event_name(name) for kind in (Meta, TikTok)] == [name, name]
    assert [kind.event_name("PageView") for kind in (Meta, TikTok)] == ["PageView", None]
    assert [kind.event_name("SizeChart") for kind in (Meta, TikTok)] == ["SizeChart", "SizeChart"]


@every_platform
def test_a_version_comes_from_an_answer_or_from_nowhere(platform: PlatformRules) -> None:
    assert platform.version_answered({}) == ""
    told = platform.version_answered({"Facebook-API-Version": "v1.0"})
    assert told == ("v1.0" if platform.version else "")


@every_platform
def test_the_proof_of_a_secret_adds_one_member_or_nothing(platform: PlatformRules) -> None:
    request = platform.build([job()], "p", "")
    plain, proven = (msgspec.json.decode(proven_body(request, "token", secret)) for secret in ("", "secret"))
    assert proven.keys() - plain.keys() == ({request.proof_member} if request.proof_member else set())
    assert plain.items() <= proven.items()


@every_platform
def test_the_five_results(platform: PlatformRules) -> None:
    kind = type(platform)
    assert platform.classify(200, {}, OK_BODY[kind], 2) == Delivered(2, "t" if kind is Meta else "")
    assert isinstance(platform.classify(400, {}, TOKEN_BODY[kind], 2), Misconfigured)
    invalid = platform.classify(400, {}, INVALID_BODY[kind], 2)
    assert isinstance(invalid, Invalid)
    assert invalid.index == 1
    assert isinstance(platform.classify(502, {}, b"<html>Bad gateway</html>", 2), Transient)
    assert isinstance(platform.classify(200, {}, b"<html>Welcome to the hotel</html>", 2), Transient)
    assert isinstance(platform.classify(429, {}, b"", 2), Throttled)


@every_platform
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"retry-after": "7"},
        {"Date": "Tue, 24 Nov 2026 05:20:00 GMT", "Retry-After": "Tue, 24 Nov 2026 05:20:07 GMT"},
    ],
)
def test_retry_after_is_seconds_or_a_date(platform: PlatformRules, headers: Mapping[str, str]) -> None:
    result = platform.classify(429, headers, b"", 2)
    assert isinstance(result, Throttled)
    assert result.after_s == 7


@every_platform
@given(status=st.integers(100, 599), body=ANSWERS, retry_after=st.text(max_size=20))
def test_any_answer_has_a_meaning(platform: PlatformRules, status: int, body: bytes, retry_after: str) -> None:
    result = platform.classify(status, {"Retry-After": retry_after}, body, 3)
    assert isinstance(result, Delivered | Throttled | Transient | Misconfigured | Invalid)
    if isinstance(result, Throttled):
        assert result.after_s >= 0


@every_platform
@given(status=st.integers(300, 599), body=st.binary(max_size=40))
def test_what_is_no_answer_is_never_delivered(platform: PlatformRules, status: int, body: bytes) -> None:
    assert not isinstance(platform.classify(status, {}, body, 3), Delivered)


@every_platform
def test_reasons_never_quote_the_answer(platform: PlatformRules) -> None:
    for body in (INVALID_BODY[type(platform)], TOKEN_BODY[type(platform)]):
        quoting = body.replace(b"bad", b"maria@example.com is bad", 1)
        assert "maria" not in repr(platform.classify(400, {}, quoting, 1))


def test_the_registry_takes_addresses_from_the_settings() -> None:
    known = rules(load_settings(meta_url="http://127.0.0.1:1/", tiktok_url="http://127.0.0.1:2/"))
    assert set(known) == set(PLATFORM_RULES) == {"meta", "tiktok"}
    assert known["meta"].build([job()], "77", "").url == "http://127.0.0.1:1/v26.0/77/events"
    assert known["tiktok"].build([job()], "77", "").url == "http://127.0.0.1:2/open_api/v1.3/event/track/"
