"""The session agent's shell without a broker: one log record in, outgoing records out."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.structs import ConsumerRecord

from agents.counters import RECALLS_USED
from agents.sessions import apply, leaving, limits_by_tenant, mirrored
from streams.events import (
    Erase,
    Event,
    Flush,
    Forget,
    Recalled,
    Tick,
    UserData,
    Visit,
    decode_batch,
    decode_event,
    decode_reject,
    decode_visitor_input,
    encode,
)
from streams.session_state import Limits, Session
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


@pytest.mark.parametrize("value", [encode(Tick()), b"no session record"], ids=["a tick", "what is rejected"])
def test_what_falls_due_is_drawn_anew_whatever_brought_the_time(windows: Windows, value: bytes) -> None:
    outgoing(windows, arrival(1))
    touched: set[bytes] = set()
    apply(windows, record(value, b"default|other", offset=2, at_ms=1_001 + 1_800_000), touched)
    assert touched == {b"default|s"}


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


def test_a_returning_visitor_is_asked_for_and_the_answer_releases_the_order(windows: Windows) -> None:
    (told,) = outgoing(windows, arrival(1, "Purchase", user=UserData(fbp="f")))
    visit = decode_visitor_input(told[2] or b"")
    assert told[:2] == ("capi.visitors.in", None), "placed by the visitor, not by the session"
    assert isinstance(visit, Visit) and visit.asks and visit.key == b"default|fbp:f"
    answer = Recalled(
        tenant="default", visitor=visit.visitor, session_id="s", ask_id=visit.ask_id, identity={"em": (EM,)}
    )
    used = RECALLS_USED.labels("default")._value.get()
    touched: set[bytes] = set()
    (effect,) = apply(windows, record(encode(answer), answer.key, offset=2, at_ms=1_500), touched)
    assert touched == {b"default|s"}
    (out,) = leaving(SETTINGS, 1, effect)
    (enriched,) = decode_batch(out.value or b"").events
    assert enriched.backfilled == {"em": "visitor:fbp"}
    assert RECALLS_USED.labels("default")._value.get() == used + 1


def test_an_answer_under_a_foreign_key_is_rejected(windows: Windows) -> None:
    answer = Recalled(tenant="default", visitor="fbp:f", session_id="s", ask_id=1)
    (out,) = outgoing(windows, record(encode(answer), b"default|other"))
    assert "key of the record" in decode_reject(out[2] or b"").reason


def test_an_erasure_rejects_what_was_held_and_the_mirror_follows(
    windows: Windows, table: dict[bytes, Session]
) -> None:
    outgoing(windows, arrival(1, user=UserData(em=(EM,))), arrival(2, session_id="other"))
    touched: set[bytes] = set()
    erase = record(encode(Erase(tenant="default", field="em", digest=EM)), offset=3, at_ms=2_000)
    dropped, passed_on = apply(windows, erase, touched)
    onward = [(out.topic, out.partition, out.value) for out in leaving(SETTINGS, 1, passed_on)]
    readers = ("capi.visitors.in", "capi.ledger.in")
    assert onward == [(topic, n, erase.value) for topic in readers for n in range(SETTINGS.partitions)]
    assert touched == {b"default|s"} and mirrored(table, LIMITS_OF, b"default|s") is None
    (out,) = leaving(SETTINGS, 1, dropped)
    reject = decode_reject(out.value or b"")
    assert (reject.reason, reject.event_id, reject.offset) == ("erased on request", "e1", 1)
    assert EM.encode() not in (out.value or b"")


def test_the_mirror_shows_what_was_recalled_and_the_consent(windows: Windows, table: dict[bytes, Session]) -> None:
    (told,) = outgoing(windows, arrival(1, user=UserData(fbp="f"), consent="limited"))
    visit = decode_visitor_input(told[2] or b"")
    assert isinstance(visit, Visit)
    answer = Recalled(
        tenant="default", visitor=visit.visitor, session_id="s", ask_id=visit.ask_id, identity={"em": (EM,)}
    )
    outgoing(windows, record(encode(answer), answer.key, offset=2, at_ms=1_500))
    (shown,) = mirrored(table, LIMITS_OF, b"default|s") or []
    assert (decode_event(shown).user.em, decode_event(shown).consent) == ((EM,), "limited")


def test_limits_are_the_tenants(tmp_path: Path) -> None:
    file = tmp_path / "tenants.toml"
    file.write_text(
        '[tenants.shy]\nremember_days = 0\ndefault_consent = "limited"\nhold = "adaptive"\n[tenants.open]\n'
    )
    limits = limits_by_tenant(load_settings(tenants=file, recall_s=2))
    assert limits(b"shy|s") == Limits(hold="adaptive", default_consent="limited", recall_ms=2_000)
    assert limits(b"open|s").remembers
    assert not limits(b"gone|s").remembers, "a tenant that was taken out of the file"


def test_an_operators_flush_and_forget_go_by_the_log(windows: Windows, table: dict[bytes, Session]) -> None:
    outgoing(windows, arrival(1), arrival(2, session_id="other"))
    flush = Flush(tenant="default", session_id="s", by="olga")
    touched: set[bytes] = set()
    (effect,) = apply(windows, record(encode(flush), flush.key, offset=3, at_ms=2_000), touched)
    (out,) = leaving(SETTINGS, 1, effect)
    assert decode_batch(out.value or b"").reason == "operator" and touched == {b"default|s"}
    forget = Forget(tenant="default", session_id="other", by="ann")
    (rejected,) = outgoing(windows, record(encode(forget), forget.key, offset=4, at_ms=2_001))
    reject = decode_reject(rejected[2] or b"")
    assert (reject.reason, reject.event_id) == ("erased on request", "e2")
    (foreign,) = outgoing(windows, record(encode(flush), b"default|other", offset=5, at_ms=2_002))
    assert "key of the record" in decode_reject(foreign[2] or b"").reason
    assert not table[b"default|s"].held and not table[b"default|other"].held
