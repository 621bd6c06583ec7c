"""The public event as producers send it to `capi.events`: JSON, one object a record.

Decoding is strict only where a mistake refuses the whole event; fields that an event can do without are taken as
they are and checked by the door one by one. The published schema (docs/event.schema.json) is made of these shapes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MAX_RECORD_BYTES = 65_536

Texts = str | int | list[str | int] | None
Text = str | list[str] | None
Number = float | str | None


def _given(shape: dict[str, Any], description: str) -> Any:
    return Meta(description=description, extra_json_schema=shape)


class RawUserData(msgspec.Struct):
    """Who it was. Clear values are normalised and hashed at the door; SHA-256 values pass as they are."""

    em: Annotated[Texts, Meta(description="E-mail address.")] = None
    ph: Annotated[Texts, Meta(description="Phone number; when hashed, of the digits without +.")] = None
    ph_e164: Annotated[Texts, Meta(description="SHA-256 of the phone number with +.")] = None
    fn: Annotated[Texts, Meta(description="First name.")] = None
    ln: Annotated[Texts, Meta(description="Last name.")] = None
    ge: Annotated[Texts, Meta(description="Gender, f or m or a word for it.")] = None
    db: Annotated[Texts, Meta(description="Date of birth, best YYYY-MM-DD.")] = None
    ct: Annotated[Texts, Meta(description="City.")] = None
    st: Annotated[Texts, Meta(description="State or province, name or code.")] = None
    zp: Annotated[Texts, Meta(description="Postal code.")] = None
    country: Annotated[Texts, Meta(description="Country, code or name; also the region of the phone number.")] = (
        None
    )
    external_id: Annotated[Texts, Meta(description="The shop's own stable id of the visitor.")] = None
    fbp: Annotated[Text, Meta(description="Cookie _fbp.")] = None
    fbc: Annotated[Text, Meta(description="Cookie _fbc.")] = None
    fbclid: Annotated[Text, Meta(description="Meta's click id, where the URL does not hold it.")] = None
    ttp: Annotated[Text, Meta(description="Cookie _ttp.")] = None
    ttclid: Annotated[Text, Meta(description="TikTok's click id, where the URL does not hold it.")] = None
    client_ip: Annotated[Text, Meta(description="IPv4 or IPv6 address of the visitor.")] = None
    client_user_agent: Annotated[Text, Meta(description="User-Agent header of the visitor.")] = None


class RawItem(msgspec.Struct):
    """One item of `contents`. Own keys are kept."""

    id: str | int
    quantity: Number = None
    item_price: Number = None


class RawCustomData(msgspec.Struct):
    """What it was about. Own keys are kept, unless they hold an e-mail address."""

    value: Annotated[Number, Meta(description="Amount; required by both platforms for Purchase.")] = None
    currency: Annotated[str, Meta(description="ISO 4217, for example EUR.", pattern="^[A-Za-z]{3}$")] | None = None
    contents: list[RawItem] | None = None
    content_ids: str | int | list[str | int] | None = None
    content_type: str | None = None
    content_name: str | None = None
    content_category: str | None = None
    order_id: str | int | None = None
    num_items: int | str | None = None
    search_string: str | None = None
    status: str | None = None
    predicted_ltv: Number = None


class RawConsent(msgspec.Struct):
    """Google Consent Mode v2. Storage or user data denied: denied; only personalisation denied: limited."""

    ad_storage: Literal["granted", "denied"] | None = None
    ad_user_data: Literal["granted", "denied"] | None = None
    ad_personalization: Literal["granted", "denied"] | None = None


SHAPES = (RawUserData, RawCustomData, RawConsent)


def _ref(shape: type) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/$defs/{shape.__name__}"}, {"type": "null"}]}


class RawEvent(msgspec.Struct):
    """One shop event. `event_name` Identify carries identity and is not delivered."""

    event_name: Annotated[
        str, Meta(description="Purchase, ViewContent, … or an own name.", min_length=1, max_length=100)
    ]
    session_id: Annotated[
        str | int,
        _given(
            {"minLength": 1, "maxLength": 128, "pattern": "^[^|\u0000-\u001f\u007f]*$"},
            "Visit; printable, without |, nobody's address or number.",
        ),
    ]
    event_id: Annotated[
        str | int | None,
        _given({"maxLength": 128}, "The browser copy's, and nobody's address or number; issued when absent."),
    ] = None
    tenant: Annotated[str | None, Meta(description="Shop, as in the tenants file; default `default`.")] = None
    timestamp: Annotated[
        int | float | str | None, Meta(description="Unix seconds or milliseconds; default: the record's time.")
    ] = None
    action_source: Annotated[str | None, Meta(description="Where it happened; default website.")] = None
    event_source_url: Annotated[Any, _given({"type": ["string", "null"]}, "Page, absolute URL.")] = None
    referrer_url: Annotated[Any, _given({"type": ["string", "null"]}, "Page before, absolute URL.")] = None
    user_data: Annotated[Any, _given(_ref(RawUserData), "Who it was.")] = None
    custom_data: Annotated[Any, _given(_ref(RawCustomData), "What it was about.")] = None
    browser_fired: Annotated[
        Any,
        _given(
            {"anyOf": [{"type": ["boolean", "null"]}, {"type": "array", "items": {"enum": ["meta", "tiktok"]}}]},
            "Platforms whose browser copy was sent; true means both.",
        ),
    ] = None
    consent: Annotated[
        Any,
        _given(
            {
                "anyOf": [
                    {"enum": ["granted", "limited", "denied", "", True, False, None]},
                    {"$ref": "#/$defs/RawConsent"},
                ]
            },
            "Consent to advertising use. Denied: dropped, with all that the session holds.",
        ),
    ] = None
    opt_out: Annotated[
        bool | None, Meta(description="True: to measure, not to choose who sees ads. Default false.")
    ] = None
    test_event_code: Annotated[str | None, Meta(description="Platform's code for test events.")] = None
    identity: Annotated[
        str | None,
        _given({"enum": ["replace", "", None]}, "`replace`: another person logged in, forget the one before."),
    ] = None


decode_raw = msgspec.json.Decoder(RawEvent).decode
