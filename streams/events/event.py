"""One shop event, as the door lets it through."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from streams.events.record import Record, session_key

# Name of a module in sinks/platforms; who makes jobs or sends them refuses a tenants file that names another one.
Platform = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]{0,30}$")]
Consent = Literal[
    "granted",
    "limited",  # sent with Meta's LDU and TikTok's limited_data_use
    "denied",  # not stored, not sent
    "",  # nothing was said: the session's word counts, else the tenant's default
]


class UserData(Record, frozen=True):
    """Match keys of one event, ready to send. Tuples hold lower-case hex SHA-256 values.

    Clear are only the keys that the platforms take in the clear (Meta: "Customer Information Parameters",
    TikTok: "Events API 2.0 user object", both read November 2026): click and browser ids, address and agent
    of the client, and for TikTok city, state and country.
    """

    em: tuple[str, ...] = ()
    ph: tuple[str, ...] = ()  # digits without "+" (Meta)
    ph_e164: tuple[str, ...] = ()  # digits with "+" (TikTok)
    fn: tuple[str, ...] = ()
    ln: tuple[str, ...] = ()
    ge: tuple[str, ...] = ()
    db: tuple[str, ...] = ()
    ct: tuple[str, ...] = ()
    st: tuple[str, ...] = ()
    zp: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    external_id: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    country_code: str = ""
    fbp: str = ""
    fbc: str = ""
    ttp: str = ""
    ttclid: str = ""
    client_ip: str = ""
    client_user_agent: str = ""


UserField = str
USER_FIELDS: tuple[UserField, ...] = UserData.__struct_fields__


class Event(Record, frozen=True, tag="event", tag_field="type"):
    """One shop event as the session keeps it.

    `event_time_ms` is Unix milliseconds by the producer's clock (data, never used for windows).
    `replace_identity` says that another person logged in: their identity replaces the one held.
    `browser_fired` names the platforms whose browser copy was sent. `fbclid` is Meta's click id as a URL brought
    it, byte-exact; the session makes `user.fbc` of it, once a click. `robot` says that the agent is a crawler's.
    `opt_out`: platforms may measure by this event, and not choose by it who sees ads.
    A denied event carries nothing but `external_id`, `fbp` and `ttp`, by which its visitor is forgotten.
    """

    event_id: str
    event_name: str
    event_time_ms: int
    tenant: str
    session_id: str
    action_source: str = "website"
    event_source_url: str = ""
    referrer_url: str = ""
    fbclid: str = ""
    user: UserData = UserData()
    custom_data: dict[str, Any] = {}
    browser_fired: tuple[Platform, ...] = ()
    consent: Consent = ""
    opt_out: bool = False
    test_event_code: str = ""
    replace_identity: bool = False
    robot: bool = False

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


decode_event = msgspec.json.Decoder(Event).decode
