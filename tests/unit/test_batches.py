"""From held events to batches: order, provenance, identifiers, and a size that Kafka takes."""

from __future__ import annotations

import msgspec
import pytest

from streams.batches import BATCH_BYTES, Profile, batch_id, batches_of, enrich, enrich_held
from streams.events import Event, UserData, decode_batch, encode
from streams.session_state import Held, Known

KEY = b"default|s1"
KNOWN = Profile({"em": Known(("aa",), "i"), "fbp": Known("fb.1", "p")})


def event(event_id: str, time_ms: int = 0, user: UserData | None = None, pad: int = 0) -> Event:
    return Event(
        event_id=event_id,
        event_name="PageView",
        event_time_ms=time_ms,
        tenant="default",
        session_id="s1",
        user=user or UserData(),
        custom_data={"pad": "x" * pad} if pad else {},
    )


def held(*events: Event) -> list[Held]:
    return [
        Held(offset, 1_000 + offset, False, item.event_id, msgspec.Raw(encode(item)))
        for offset, item in enumerate(events)
    ]


def test_gaps_are_filled_and_own_values_stay() -> None:
    enriched = enrich(event("e", user=UserData(em=("own",))), KNOWN)
    assert enriched.event.user == UserData(em=("own",), fbp="fb.1")
    assert enriched.backfilled == {"fbp": "p"}


def test_an_event_without_gaps_is_left_as_it_is() -> None:
    whole = event("e", user=UserData(em=("own",), fbp="fb.own"))
    enriched = enrich(whole, KNOWN)
    assert enriched.event.user is whole.user and enriched.backfilled == {}


def test_the_mirror_sees_events_in_log_order_as_they_would_leave_now() -> None:
    shown = [*enrich_held(held(event("b", 2), event("a", 1)), KNOWN)]
    assert [(e.event.event_id, e.event.user.em) for e in shown] == [("b", ("aa",)), ("a", ("aa",))]


def test_a_batch_is_ordered_by_the_events_own_time_ties_by_the_log() -> None:
    batches = batches_of(
        KEY, 3, held(event("c", 5), event("a", 1), event("d", 5), event("b", 1)), KNOWN, "idle", 9
    )
    assert [e.event.event_id for e in batches[0].events] == ["a", "b", "c", "d"]


def test_an_event_says_when_the_session_took_it() -> None:
    leaving = batches_of(KEY, 3, held(event("late", 5), event("early", 1)), KNOWN, "idle", 9)[0].events
    assert [(e.event.event_id, e.at_ms) for e in leaving] == [("early", 1_001), ("late", 1_000)]


def test_a_batch_says_where_it_comes_from() -> None:
    batch = batches_of(KEY, 3, held(event("a"), event("b")), KNOWN, "idle", 9_000)[0]
    assert (batch.tenant, batch.session_id, batch.partition, batch.first_offset) == ("default", "s1", 3, 0)
    assert (batch.opened_at_ms, batch.flushed_at_ms, batch.reason) == (1_000, 9_000, "idle")
    assert decode_batch(encode(batch)) == batch


def test_a_session_id_may_contain_the_separator() -> None:
    assert batches_of(b"default|a|b", 3, held(event("a")), Profile({}), "idle", 9)[0].session_id == "a|b"


def test_the_identifier_is_the_same_for_ever() -> None:
    """Replays of old logs must meet the same ids: this value may never change."""
    assert batch_id(b"default|s1", 3, 42) == "3410d4adf91ee1b3a3a5b9f9bc6786af"
    assert len({batch_id(b"a", 1, 1), batch_id(b"b", 1, 1), batch_id(b"a", 2, 1), batch_id(b"a", 1, 2)}) == 4


@pytest.mark.parametrize("pad", [1_000, 60_000, 200_000])
def test_what_is_too_large_for_one_record_is_split_and_nothing_is_lost(pad: int) -> None:
    events = [event(f"e{number}", number, pad=pad) for number in range(1_500_000 // pad)]
    batches = batches_of(KEY, 3, held(*events), KNOWN, "size", 9)
    assert len(batches) > 1
    assert [e.event.event_id for batch in batches for e in batch.events] == [e.event_id for e in events]
    assert len({batch.batch_id for batch in batches}) == len(batches)
    assert all(len(encode(batch)) <= BATCH_BYTES + 1_000 for batch in batches)  # envelope


def test_backfill_counts_in_the_size() -> None:
    """Small events, large identity: what is added to each makes the batch large."""
    agent = Known("a" * 20_000, "i")
    batches = batches_of(
        KEY, 3, held(*(event(f"e{n}") for n in range(100))), Profile({"client_user_agent": agent}), "size", 9
    )
    assert len(batches) > 1
    assert all(len(encode(batch)) <= BATCH_BYTES + 1_000 for batch in batches)
    assert sum(len(batch.events) for batch in batches) == 100
