"""What is stored in `sessions-changelog` by one version must be read by the next: a value of format 1.

Do not renew the fixture to make this pass: it stands for the state of running shops. A new format gets a new
`v`, a new fixture, and a way to read this one.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from streams.batches import batches_of
from streams.envelope import MAX_ID
from streams.events import Event, UserData, encode
from streams.flush import profile_of
from streams.session import SEEN_IDS, Arrival, arrive
from streams.session_state import (
    Click,
    Held,
    Known,
    Leaving,
    Limits,
    Recall,
    Session,
    decode_session,
    encode_session,
)
from streams.settings import load_settings

KAFKA_RECORD_BYTES = 1_048_576
STORED = (Path(__file__).parents[1] / "data/state/session_v1.json").read_bytes().rstrip(b"\n")
EM = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"  # test@example.com
VIEW = (
    b'{"type":"event","event_id":"ev-3","event_name":"ViewContent","event_time_ms":1764000059000,'
    b'"tenant":"default","session_id":"s-1"}'
)
CART = (
    b'{"type":"event","event_id":"ev-4","event_name":"AddToCart","event_time_ms":1764000064000,'
    b'"tenant":"default","session_id":"s-1","browser_fired":["meta"]}'
)
EXPECTED = Session(
    last_at_ms=1764000065000,
    last_offset=1044,
    size=len(VIEW) + len(CART),
    held=(
        Held(1043, 1764000060000, False, "ev-3", msgspec.Raw(VIEW)),
        Held(1044, 1764000065000, True, "ev-4", msgspec.Raw(CART)),
    ),
    seen=("ev-1", "ev-2"),
    identity={"em": Known((EM,), "ev-1"), "fbp": Known("fb.1.1764000000000.1", "ev-2")},
    consent="granted",
)


def test_a_value_of_format_1_is_read() -> None:
    assert decode_session(STORED) == EXPECTED


class FirstHeld(msgspec.Struct, frozen=True, array_like=True):
    """What the first version of format 1 knew of an event."""

    offset: int
    at_ms: int
    fired: bool
    event_id: str
    raw: msgspec.Raw


class FirstSession(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="v", tag=1):
    """What the first version of format 1 knew of a session."""

    last_at_ms: int
    last_offset: int
    size: int = 0
    held: tuple[FirstHeld, ...] = ()
    seen: tuple[str, ...] = ()
    identity: dict[str, Known] = {}
    consent: str = ""


def test_what_is_written_now_the_first_version_reads() -> None:
    """Workers of two versions share a changelog while one is being rolled out."""
    grown = msgspec.structs.replace(
        EXPECTED,
        held=tuple(msgspec.structs.replace(held, limited=True) for held in EXPECTED.held),
        clicks=(Click("fbc", "fb.1.1764000000000.A", 1_764_000_000_000, "ev-1"),),
        recalled={"ph": Known((EM,), "visitor:fbp")},
        recall=Recall(1044, "fbp:fb.1.1764000000000.1", 1_764_000_060_000, True),
        leaving=Leaving("purchase", 1_764_000_065_000),
        forgotten=("0123456789abcdef",),
    )
    assert decode_session(encode_session(grown)) == grown
    read = msgspec.json.decode(encode_session(grown), type=FirstSession)
    assert msgspec.json.encode(read) == STORED


def test_what_was_held_can_leave() -> None:
    session = decode_session(STORED)
    batch = batches_of(b"default|s-1", 0, session.held, profile_of(session, Limits()), "idle", 1764001865000)[0]
    assert [e.event.event_id for e in batch.events] == ["ev-3", "ev-4"]
    assert {e.event.user.em for e in batch.events} == {(EM,)}


def test_the_smallest_value_of_format_1_is_read() -> None:
    """Fields at their default are not stored."""
    smallest = decode_session(b'{"v":1,"last_at_ms":1,"last_offset":2}')
    assert smallest == Session(last_at_ms=1, last_offset=2)


def test_the_largest_value_fits_one_kafka_record() -> None:
    """A visitor with the longest ids the door lets in, who never buys: otherwise one could stop a worker."""
    limits = Limits(max_events=10_000, max_bytes=262_144)
    session, largest = None, 0
    for number in range(2 * SEEN_IDS):
        event = Event(
            event_id=f"{number:04}".ljust(MAX_ID, "\U0001f6d2"),
            event_name="PageView",
            event_time_ms=number,
            tenant="default",
            session_id="s-1",
            fbclid=f"{number:04}".ljust(1_000, "f") if number < 20 else "",
            user=UserData(
                ttclid=f"{number:04}".ljust(1_000, "t") if number < 20 else "", em=(f"{number:064}",) * 10
            ),
        )
        session, _ = arrive(Arrival(event.key, 0, number, number, event, encode(event)), session, limits)
        if number % 10 == 0 and number > SEEN_IDS:
            largest = max(largest, len(encode_session(session)))
    assert SEEN_IDS * MAX_ID < largest < KAFKA_RECORD_BYTES - 50_000  # room for identity and the envelope
    with pytest.raises(ValidationError, match="max_bytes"):
        load_settings(max_bytes=limits.max_bytes + 1)
