"""What must hold for every log: nothing lost, nothing twice, nothing late, nothing from nothing."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from streams.effects import Duplicate, Flushed, Told
from streams.events import Erase, Flush, Forget, Recalled, session_key
from streams.flush import SEEN_IDS
from tests.unit.session_worker import (
    PROFILE,
    TIMED,
    Worker,
    by_partition,
    ended,
    offset_of,
    offsets_left,
    partition_of,
    replayed,
    traced,
)
from tests.unit.strategies import SMALL, Entry, everything, histories, returning


@PROFILE
@given(everything)
def test_every_event_leaves_exactly_once(log: list[Entry]) -> None:
    left = [offset for entry, effects in traced(ended(log)) for offset in offsets_left(entry, effects)]
    assert sorted(left) == [entry.offset for entry in log if entry.event is not None]


@PROFILE
@given(everything)
def test_an_event_id_leaves_once_a_session_life(log: list[Entry]) -> None:
    """A repeat is a duplicate exactly while the session remembers: until idle + grace of silence."""
    known: dict[bytes, set[str]] = defaultdict(set)
    last: dict[bytes, int] = {}
    for entry, effects in traced(log):
        if (event := entry.event) is None:
            continue
        if entry.at_ms - last.get(event.key, entry.at_ms) >= SMALL.idle_ms + SMALL.grace_ms:
            known[event.key].clear()
        expected = [Duplicate(event.tenant, event.event_id)] if event.event_id in known[event.key] else []
        assert [effect for effect in effects if isinstance(effect, Duplicate)] == expected
        if not expected:
            known[event.key].add(event.event_id)
            last[event.key] = entry.at_ms


@PROFILE
@given(histories)
def test_none_waits_longer_than_its_deadline(log: list[Entry]) -> None:
    """The batch names its deadline, and leaves with the first record of its partition that is not before it."""
    times = {entry.offset: entry.at_ms for entry in log}
    before_ms = {0: -1, 1: -1}
    for entry, effects in traced(ended(log)):
        for batch in (effect.batch for effect in effects if isinstance(effect, Flushed)):
            if batch.reason in TIMED:
                assert before_ms[entry.partition] < batch.flushed_at_ms <= entry.at_ms
            else:
                assert batch.flushed_at_ms == entry.at_ms
            assert batch.opened_at_ms == times[batch.first_offset] <= batch.flushed_at_ms
            waits = [batch.flushed_at_ms - times[offset_of(enriched)] for enriched in batch.events]
            assert max(waits) <= SMALL.max_age_ms
        before_ms[entry.partition] = entry.at_ms


@PROFILE
@given(returning)
def test_none_waits_for_the_memory_longer_than_it_may(log: list[Entry]) -> None:
    """An order leaves with the record that brings the answer, or with the first after its last moment."""
    orders = {e.offset: e.at_ms for e in log if e.event is not None and e.event.event_name == "Purchase"}
    before_ms = {0: -1, 1: -1}
    for entry, effects in traced(ended(log)):
        for batch in (effect.batch for effect in effects if isinstance(effect, Flushed)):
            assert before_ms[entry.partition] < batch.flushed_at_ms or batch.flushed_at_ms == entry.at_ms
            for enriched in batch.events:
                came_ms = orders.get(offset_of(enriched), batch.flushed_at_ms)
                assert batch.flushed_at_ms - came_ms <= SMALL.recall_ms
        before_ms[entry.partition] = entry.at_ms


@PROFILE
@given(returning)
def test_what_was_erased_leaves_only_when_it_was_brought_again(log: list[Entry]) -> None:
    """An address leaves a session that an event or an answer told it to, and none that had to forget it since."""
    told: dict[bytes, set[str]] = defaultdict(set)
    for entry, effects in traced(ended(log)):
        if entry.event is not None:
            told[entry.event.key] |= {*entry.event.user.em}
        elif isinstance(entry.message, Recalled):
            told[entry.message.key] |= {*entry.message.identity.get("em", ())}
        for batch in (effect.batch for effect in effects if isinstance(effect, Flushed)):
            assert {em for enriched in batch.events for em in enriched.event.user.em} <= told[batch.key]
        if isinstance(entry.message, Erase):
            for key in (key for key in told if partition_of(key) == entry.partition):
                if key.startswith(session_key(entry.message.tenant, "")):
                    told[key].discard(entry.message.digest)
        if isinstance(entry.message, Forget):
            told[entry.message.key].clear()


@PROFILE
@given(returning)
def test_an_operator_moves_one_session_and_nothing_else(log: list[Entry]) -> None:
    """Right after a command the session holds nothing; what it held left as `operator`, or is dropped, at once.
    Only a Flush makes batches of that reason, and no command says anything to the memory of visitors."""
    worker = Worker()
    for entry in log:
        before = {key: bytes(stored) for key, stored in worker.changelog().items()}
        effects = worker.feed(entry)
        asked = [e.batch.key for e in effects if isinstance(e, Flushed) and e.batch.reason == "operator"]
        if not isinstance(entry.message, Flush | Forget):
            assert asked == []
            continue
        key = entry.message.key
        assert set(asked) <= ({key} if isinstance(entry.message, Flush) else set())
        fell_due = {e.batch.key for e in effects if isinstance(e, Flushed) and e.batch.reason != "operator"}
        now = worker.changelog()
        assert {each for each in before if now.get(each, b"") != before[each] and each in now} <= {key} | fell_due
        assert not any(isinstance(effect, Told) for effect in effects)
        session = worker.table.get(key)
        assert session is None or not session.held
        if session is not None and isinstance(entry.message, Forget):
            assert (session.identity, session.clicks, session.recalled, session.recall) == ({}, (), {}, None)


@PROFILE
@given(returning)
def test_a_command_given_again_changes_nothing(log: list[Entry]) -> None:
    twice = [again for entry in log for again in _doubled(entry)]
    assert by_partition(replayed(ended(twice))) == by_partition(replayed(ended(log)))


def _doubled(entry: Entry) -> list[Entry]:
    if not isinstance(entry.message, Flush | Forget):
        return [entry]
    return [entry, entry._replace(offset=entry.offset + 1)]


@PROFILE
@given(st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 500))))
def test_ticks_alone_create_nothing(ticks: list[tuple[int, int]]) -> None:
    worker = Worker()
    for partition, at_ms in ticks:
        assert worker.windows.advance(partition, at_ms) == []
    assert worker.table == {}


@PROFILE
@given(everything)
def test_nothing_stays_and_nothing_grows(log: list[Entry]) -> None:
    worker = Worker()
    for entry in ended(log):
        worker.feed(entry)
        for session in worker.table.values():
            assert len(session.held) < SMALL.max_events
            assert session.size == sum(len(bytes(held.raw)) for held in session.held) < SMALL.max_bytes
            assert len(session.seen) <= SEEN_IDS
    assert worker.table == {}
    assert not worker.windows._scheduled
    assert not any(worker.windows._heaps.values())


@PROFILE
@given(returning)
def test_what_the_metrics_say_is_what_the_table_holds(log: list[Entry]) -> None:
    worker = Worker()
    for entry in ended(log):
        worker.feed(entry)
        for windows in (worker.windows, Worker(worker.changelog()).windows):
            held = [len(session.held) for session in worker.table.values()]
            assert (windows.held_events, windows.open_sessions) == (sum(held), sum(map(bool, held)))
    assert worker.windows.held_events == 0
