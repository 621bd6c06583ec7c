"""The session agent's shell without a broker: one log record in, outgoing records out."""

from __future__ import annotations

import pytest
from aiokafka.structs import ConsumerRecord

from agents.sessions import apply, leaving, limits_by_tenant, mirrored
from streams.events import Event, Tick, UserData, decode_batch, decode_event, decode_reject, encode
from streams.session import Session
from streams.settings import load_settings
from streams.windows import Windows

SETTINGS = load_settings()
LIMITS_OF = limits_by_tenant(SETTINGS)
EM = "a" * 64
DEEP = b'{"type":"event","custom_data":' + b'{"a":' * 30_000


def record(value: bytes | None, key: bytes | None = None, offset: int = 0, at_ms: int = 1_000) -> ConsumerRecord:
    return ConsumerRecord("capi.sessions.in", 1, offset, at_ms, 1, key, value, None, 0, 0, ())


def event(number: int, name: str = "PageView", **more: object) -> Event:
    values = {"event_id": f"e{number}", "event_name": name, "event_time_ms": number, "tenant": "default"}
    return Event(**(values | {"session_id": "s"} | more))  # type: ignore[arg-type]


@pytest.fixture
def table() -> dict[bytes, Session]:
    return {}


@pytest.fixture
def windows(table: dict[bytes, Session]) -> Windows:
    return Windows(table, LIMITS_OF)


def outgoing(windows: Windows, *records: ConsumerRecord) -> list[tuple[str, int | None, bytes | None]]:
    return [
        (out.topic, out.partition, out.value)
        for each in records
        for effect in apply(windows, each, set())
        for out in leaving(SETTINGS, 1, effect)
    ]


def arrival(number: int, name: str = "PageView", **more: object) -> ConsumerRecord:
    one = event(number, name, **more)
    return record(encode(one), one.key, offset=number, at_ms=1_000 + number)


def test_a_purchase_takes_the_visit_along(windows: Windows) -> None:
    known = UserData(em=(EM,))
    (out,) = outgoing(windows, arrival(1), arrival(2, "Purchase", user=known))
    batch = decode_batch(out[2] or b"")
    assert out[:2] == ("capi.batches", 1)
    assert [enriched.event.user.em for enriched in batch.events] == [(EM,), (EM,)]
    assert batch.events[0].backfilled == {"em": "e2"}


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"type":"event"}', b'{"type":"new"}', b"\xff", None, DEEP])
def test_a_corrupt_record_is_rejected_and_the_agent_goes_on(windows: Windows, value: bytes | None) -> None:
    first, second = outgoing(windows, record(value, b"default|s", offset=7), arrival(8, "Purchase"))
    reject = decode_reject(first[2] or b"")
    assert (first[0], reject.topic, reject.partition, reject.offset) == ("capi.rejects", "capi.sessions.in", 1, 7)
    assert reject.reason == "not a session record"
    assert second[0] == "capi.batches"


def test_a_record_under_a_foreign_key_is_rejected(windows: Windows) -> None:
    (out,) = outgoing(windows, record(encode(event(1)), b"default|other"))
    assert "key of the record" in decode_reject(out[2] or b"").reason


def test_a_tick_closes_what_is_due_and_creates_nothing(windows: Windows, table: dict[bytes, Session]) -> None:
    tick = encode(Tick())
    assert outgoing(windows, record(tick, at_ms=500)) == []
    assert table == {}
    (out,) = outgoing(windows, arrival(1), record(tick, offset=2, at_ms=1_001 + 1_800_000))
    assert decode_batch(out[2] or b"").reason == "idle"


def test_withdrawn_consent_is_a_reject_for_each_event(windows: Windows) -> None:
    rejects = outgoing(windows, arrival(1), arrival(2, consent="denied"))
    assert [decode_reject(value or b"").event_id for _, _, value in rejects] == ["e1", "e2"]
    assert {topic for topic, _, _ in rejects} == {"capi.rejects"}


def test_the_mirror_shows_open_events_with_what_is_known(windows: Windows, table: dict[bytes, Session]) -> None:
    outgoing(windows, arrival(1), arrival(2, "Identify", user=UserData(em=(EM,))))
    (shown,) = mirrored(table, LIMITS_OF, b"default|s") or []
    assert decode_event(shown).user.em == (EM,)
    outgoing(windows, arrival(3, "Purchase"))
    assert mirrored(table, LIMITS_OF, b"default|s") is None


def test_touched_names_every_changed_session(windows: Windows) -> None:
    touched: set[bytes] = set()
    apply(windows, arrival(1), touched)
    assert touched == {b"default|s"}
    touched.clear()
    apply(windows, record(encode(Tick()), offset=2, at_ms=10_000_000), touched)
    assert touched == {b"default|s"}, "flushed by time: the mirror has to let go of it"
