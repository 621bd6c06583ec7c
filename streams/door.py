"""The door: a raw public record becomes an :class:`Event` without clear personal data, or a :class:`Reject`.

What a mistake costs:

| where                                                        | cost                                       |
|--------------------------------------------------------------|--------------------------------------------|
| the record: over 64 kB, not JSON, not UTF-8, no object       | rejected                                   |
| event_name, session_id, event_id, tenant, timestamp,         | rejected: what, whose and when must be     |
| action_source                                                | certain                                    |
| consent, identity, test_event_code                           | rejected: a guess would send what must not |
|                                                              | be sent, or mix up two people              |
| user_data, custom_data, the URLs, browser_fired              | the field is dropped, the event goes on    |

A denied event goes on as a denial only: what is needed to end its session and to forget its visitor. It is read
first, so that neither a mistake in what is left out of it nor a suspicious agent keeps a withdrawal unheard. A
crawler's event is rejected, unless its tenant wants it marked or let through. A Purchase without a usable value
goes on too; the platforms' preflight speaks about it. Unknown keys of the event itself are ignored, so that
producers may be ahead of us. No reason ever holds a value. Pure: no clock, no I/O.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec

from streams import envelope
from streams.custom import read_custom
from streams.envelope import RefusedError
from streams.events import Consent, Event, Reject
from streams.identity import Bad, Dropped, normalise, read_fbclid
from streams.identity.fields import MAX_VALUES
from streams.privacy import clean_url
from streams.raw import MAX_RECORD_BYTES, RawEvent, decode_raw
from streams.robots import is_robot
from streams.tenants import Tenant, Tenants

__all__ = ["Admitted", "Dropped", "Origin", "admit"]

DEFAULT_TENANT = "default"
OF_A_DENIAL = ("external_id", "fbp", "ttp")  # fields of the user by which a visitor is remembered
ROBOT_FIX = "send the visitor's own User-Agent, or set robots of this tenant to mark or ignore"

_WHERE = re.compile(r"`\$((?:\.\w+)+)")
_MISSING = re.compile(r"missing required field `(\w+)`")
_CLICK_ID = re.compile(r"[?&](fbclid|ttclid)=([^&#]+)")


class Origin(NamedTuple):
    """Where a record came from, and its time in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


class Admitted(NamedTuple):
    """An event that passed, and what had to be left out of it, to be counted by tenant and field."""

    event: Event
    dropped: tuple[Dropped, ...] = ()


def admit(
    raw: bytes, tenants: Tenants, origin: Origin, complete: Callable[[RawEvent], None] | None = None
) -> Admitted | Reject:
    """Read one record of the public topic. Takes any bytes and never raises.

    The same record gives the same answer every time, issued event ids included. `complete` may add to the event
    what its producer could not know, or raise RefusedError.
    """
    given, tenant, event_id = None, "", ""
    try:
        given = _decode(raw)
        if complete is not None:
            complete(given)
        tenant = _tenant(given, tenants)
        event_id = envelope.event_id(given.event_id, origin)
        consent = envelope.consent(given.consent)
        if consent == "denied":
            return _denial(given, event_id, tenant, origin)
        return _event(given, event_id, tenant, consent, tenants.tenants[tenant], origin)
    except RefusedError as refused:
        return Reject(
            topic=origin.topic,
            partition=origin.partition,
            offset=origin.offset,
            reason=refused.reason,
            field=refused.field,
            fix=refused.fix,
            tenant=tenant,
            session_id=_session_of(given),
            event_id=event_id,
        )


def _session_of(given: RawEvent | None) -> str:
    """For a reject, whatever else is wrong; "" when it is not fit to be named."""
    try:
        return envelope.session_id(given.session_id) if given else ""
    except RefusedError:
        return ""


def _decode(raw: bytes) -> RawEvent:
    if len(raw) > MAX_RECORD_BYTES:
        raise RefusedError("", f"is larger than {MAX_RECORD_BYTES} bytes")
    try:
        return decode_raw(raw)
    except msgspec.ValidationError as error:
        raise _misfit(str(error)) from None
    except UnicodeDecodeError:
        raise RefusedError("", "is not UTF-8") from None
    except RecursionError:
        raise RefusedError("", "is nested too deep") from None
    except msgspec.DecodeError:
        raise RefusedError("", "is not JSON") from None


def _misfit(message: str) -> RefusedError:
    """msgspec's words for a wrong shape, in ours: they name types and the place, never a value."""
    if missing := _MISSING.search(message):
        return RefusedError(missing[1], "is missing")
    where = _WHERE.search(message)
    if where is None:
        return RefusedError("", "is not an object")
    return RefusedError(where[1][1:], "is out of range" if "out of range" in message else "has the wrong type")


def _tenant(given: RawEvent, tenants: Tenants) -> str:
    name = given.tenant or DEFAULT_TENANT
    if tenants.get(name) is None:
        raise RefusedError("tenant", "is not in the tenants file")
    return name


def _denial(given: RawEvent, event_id: str, tenant: str, origin: Origin) -> Admitted:
    """Whose consent is gone, and nothing else of them."""
    dropped: list[Dropped] = []
    raw = _user_data(given, dropped)
    user, user_dropped = normalise({field: raw[field] for field in OF_A_DENIAL if field in raw})
    event = Event(
        event_id=event_id,
        event_name=envelope.event_name(given.event_name),
        event_time_ms=envelope.event_time_ms(given.timestamp, origin.timestamp_ms),
        tenant=tenant,
        session_id=envelope.session_id(given.session_id),
        user=user,
        consent="denied",
    )
    return Admitted(event, (*dropped, *user_dropped))


def _event(
    given: RawEvent, event_id: str, tenant: str, consent: Consent, rules: Tenant, origin: Origin
) -> Admitted:
    dropped: list[Dropped] = []
    event_time_ms = envelope.event_time_ms(given.timestamp, origin.timestamp_ms)
    raw = _user_data(given, dropped)
    robot = _robot(raw.get("client_user_agent"), rules)
    click = _take_clicks(raw, given.event_source_url)
    fbclid = read_fbclid(click, raw.get("fbc"), event_time_ms, dropped)
    user, user_dropped = normalise(raw, rules.default_country, event_time_ms)
    custom_data, custom_dropped = read_custom(given.custom_data)
    event = Event(
        event_id=event_id,
        event_name=envelope.event_name(given.event_name),
        event_time_ms=event_time_ms,
        tenant=tenant,
        session_id=envelope.session_id(given.session_id),
        action_source=envelope.action_source(given.action_source),
        event_source_url=_url("event_source_url", given.event_source_url, dropped),
        referrer_url=_url("referrer_url", given.referrer_url, dropped),
        fbclid=fbclid,
        user=user,
        custom_data=custom_data,
        browser_fired=envelope.browser_fired(given.browser_fired, dropped),
        consent=consent,
        opt_out=given.opt_out is True,
        test_event_code=envelope.test_event_code(given.test_event_code),
        replace_identity=envelope.replace_identity(given.identity),
        robot=robot,
    )
    return Admitted(event, (*dropped, *user_dropped, *custom_dropped))


def _user_data(given: RawEvent, dropped: list[Dropped]) -> dict[str, Any]:
    user = given.user_data
    if isinstance(user, dict):
        return user
    if user is not None:
        dropped.append(Dropped("user_data", "is not an object"))
    return {}


def _robot(agent: object, rules: Tenant) -> bool:
    """Whether to mark the event. The raw agent is asked: one with an address in it is not kept, and typical."""
    if rules.robots == "ignore":
        return False
    if isinstance(agent, list):
        robot = any(is_robot(text) for text in agent[:MAX_VALUES] if isinstance(text, str))
    else:
        robot = isinstance(agent, str) and is_robot(agent)
    if robot and rules.robots == "drop":
        raise RefusedError("user_data.client_user_agent", "robot", ROBOT_FIX)
    return robot


def _take_clicks(user: dict[str, Any], url: object) -> object:
    """Takes the raw `fbclid` out, and adds the click ids of the landing URL behind those that came in `user_data`.

    The first usable value counts, so the shop's own word goes before a URL, which may be an old or a shared link.
    """
    if isinstance(url, str) and "clid=" in url:
        for name, value in _CLICK_ID.findall(url):
            own = user.get(name)
            user[name] = [*(own if isinstance(own, list) else [own] if own else []), unquote(value)]
    return user.pop("fbclid", None)


def _url(field: str, given: object, dropped: list[Dropped]) -> str:
    if given is None or given == "":
        return ""
    answer = clean_url(given.strip()) if isinstance(given, str) else Bad("is not text")
    if isinstance(answer, Bad):
        dropped.append(Dropped(field, answer.reason))
        return ""
    url, shortened = answer
    if shortened:
        dropped.append(Dropped(field, "held personal data, which was taken out"))
    return url
