"""streams/signing.py: Standard Webhooks, with the reference vector of its libraries."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.signing import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE_S,
    SecretError,
    SignatureError,
    check_signature,
    secret_bytes,
    signed_headers,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY, AT_S = b'{"test": 2432232314}', 1614265330
HEADERS = {
    ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
    TIMESTAMP: str(AT_S),
    SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OTHER = "whsec_" + base64.b64encode(bytes(32)).decode()


def test_the_reference_vector_both_ways() -> None:
    assert signed_headers([SECRET], HEADERS[ID], AT_S, BODY) == HEADERS
    check_signature([SECRET], HEADERS, BODY, AT_S)


def test_during_a_rotation_either_secret_will_do_on_either_side() -> None:
    both = signed_headers([OTHER, SECRET], "id", AT_S, BODY)
    check_signature([SECRET], both, BODY, AT_S)
    check_signature([OTHER], both, BODY, AT_S)
    check_signature([OTHER, SECRET], signed_headers([SECRET], "id", AT_S, BODY), BODY, AT_S)


def test_a_secret_goes_with_and_without_its_prefix() -> None:
    assert secret_bytes(SECRET.removeprefix("whsec_")) == secret_bytes(SECRET)


@pytest.mark.parametrize("off", [-TOLERANCE_S, TOLERANCE_S])
def test_five_minutes_either_way_and_no_more(off: int) -> None:
    check_signature([SECRET], HEADERS, BODY, AT_S + off)
    with pytest.raises(SignatureError) as refused:
        check_signature([SECRET], HEADERS, BODY, AT_S + off + (1 if off > 0 else -1))
    assert refused.value.stale


@pytest.mark.parametrize(
    "changed",
    [
        {ID: "msg_other"},
        {ID: ""},
        {ID: "two words"},
        {ID: "x" * 257},
        {TIMESTAMP: str(AT_S + 1)},
        {TIMESTAMP: ""},
        {TIMESTAMP: "1614265330.0"},
        {TIMESTAMP: "١٦١٤٢٦٥٣٣٠"},
        {TIMESTAMP: "9" * 30},
        {SIGNATURE: ""},
        {SIGNATURE: "v1,"},
        {SIGNATURE: "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {SIGNATURE: "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {SIGNATURE: "v1,ünïcode"},
        {SIGNATURE: "v1,x " * 10 + HEADERS[SIGNATURE]},
    ],
)
def test_whatever_was_tampered_with_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        check_signature([SECRET], HEADERS | changed, BODY, AT_S)


def test_another_body_another_secret_or_none_is_refused() -> None:
    with pytest.raises(SignatureError):
        check_signature([SECRET], HEADERS, BODY + b" ", AT_S)
    with pytest.raises(SignatureError):
        check_signature([OTHER], HEADERS, BODY, AT_S)
    with pytest.raises(SignatureError):
        check_signature([], HEADERS, BODY, AT_S)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "not base64 !", "whsec_" + "A" * 92, "whsec_é"])
def test_what_is_no_secret_is_said_without_being_shown(secret: str) -> None:
    with pytest.raises(SecretError) as wrong:
        secret_bytes(secret)
    assert len(secret) < 7 or secret not in str(wrong.value)


@given(st.dictionaries(st.sampled_from([ID, TIMESTAMP, SIGNATURE]), st.text()), st.binary())
def test_hostile_headers_are_refused_and_nothing_else_happens(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureError):
        check_signature([SECRET], headers, body, AT_S)
