"""Only the log decides: ticks, restarts, crashes and the cut into runs change neither bytes nor order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.unit.session_worker import (
    PROFILE,
    Out,
    Worker,
    by_partition,
    ended,
    offsets_left,
    replayed,
    traced,
    written,
)
from tests.unit.strategies import Draft, Entry, drafts, drafts_back, everything, place

MACHINE = settings(PROFILE, max_examples=PROFILE.max_examples // 2, stateful_step_count=40)


@PROFILE
@given(everything, st.data())
def test_more_ticks_change_neither_bytes_nor_order(log: list[Entry], data: st.DataObject) -> None:
    log = ended(log)
    ticked: list[Entry] = []
    for before, after in zip([Entry(0, 0, 0, None), *log], log, strict=False):
        for at_ms in sorted(data.draw(st.lists(st.integers(before.at_ms, after.at_ms), max_size=2))):
            partition = data.draw(st.sampled_from([0, 1]))
            ticked.append(Entry(partition, before.offset + 2 + len(ticked) % 50, at_ms, None))
        ticked.append(after)
    assert by_partition(replayed(ticked)) == by_partition(replayed(log))


@PROFILE
@given(everything)
def test_replay_from_the_start_yields_the_same_bytes(log: list[Entry]) -> None:
    assert replayed(ended(log)) == replayed(ended(log))


@PROFILE
@given(everything)
def test_partitions_do_not_know_of_each_other(log: list[Entry]) -> None:
    log = ended(log)
    alone = {p: by_partition(replayed(e for e in log if e.partition == p)).get(p, []) for p in (0, 1)}
    together = by_partition(replayed(log))
    assert alone == {p: together.get(p, []) for p in (0, 1)}


@PROFILE
@given(everything, st.data())
def test_restart_at_any_offset_yields_the_same_bytes(log: list[Entry], data: st.DataObject) -> None:
    """Cut the log into runs anywhere, start a new worker from the stored state at each cut."""
    log = ended(log)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(log)), max_size=4)))
    outs: list[Out] = []
    stored: dict[bytes, bytes] = {}
    for start, end in zip([0, *cuts], [*cuts, len(log)], strict=True):
        worker = Worker(stored)
        outs += [out for entry in log[start:end] for out in written(entry.partition, worker.feed(entry))]
        stored = worker.changelog()
    assert outs == replayed(log)


@PROFILE
@given(everything, st.lists(st.integers(-200, 200), min_size=50, max_size=50), st.data())
def test_a_clock_that_steps_back_loses_nothing(log: list[Entry], steps: list[int], data: st.DataObject) -> None:
    """Log time can step back when another broker leads a partition: still once each, still restartable."""
    bent = [e._replace(at_ms=max(0, e.at_ms + step)) for e, step in zip(log, steps, strict=False)]
    whole = [*bent, *ended(log)[len(log) :]]
    left = [offset for entry, effects in traced(whole) for offset in offsets_left(entry, effects)]
    assert sorted(left) == [entry.offset for entry in bent if entry.event is not None]
    cut = data.draw(st.integers(0, len(whole)))
    first = Worker()
    outs = [out for entry in whole[:cut] for out in written(entry.partition, first.feed(entry))]
    second = Worker(first.changelog())
    outs += [out for entry in whole[cut:] for out in written(entry.partition, second.feed(entry))]
    assert outs == replayed(whole)


class Restarts(RuleBasedStateMachine):
    """A worker that commits runs and crashes between commits, against one that never stops.

    `log` is what the broker has; everything after `committed` is read again after a crash, and only what was
    committed counts as written.
    """

    @initialize()
    def start(self) -> None:
        self.log: list[Entry] = []
        self.steady, self.expected = Worker(), list[Out]()
        self.worker, self.changelog = Worker(), dict[bytes, bytes]()
        self.committed, self.read = 0, 0
        self.outbox, self.pending = list[Out](), list[Out]()

    @rule(draft=st.one_of(drafts, drafts_back))
    def append(self, draft: Draft) -> None:
        self._append(place(self.log, draft))

    @rule(count=st.integers(1, 5))
    def read_some(self, count: int) -> None:
        for entry in self.log[self.read : self.read + count]:
            self.pending += written(entry.partition, self.worker.feed(entry))
            self.read += 1

    @rule()
    def commit(self) -> None:
        self.outbox += self.pending
        self.pending = []
        self.changelog, self.committed = self.worker.changelog(), self.read

    @rule()
    def crash(self) -> None:
        self.pending = []
        self.worker, self.read = Worker(self.changelog), self.committed

    @invariant()
    def the_outbox_is_what_a_steady_worker_wrote_so_far(self) -> None:
        if hasattr(self, "log"):
            assert self.outbox == self.expected[: len(self.outbox)]

    def teardown(self) -> None:
        if hasattr(self, "log"):
            for entry in ended(self.log)[len(self.log) :]:
                self._append(entry)
            self.read_some(len(self.log))
            self.commit()
            assert self.outbox == self.expected
            assert self.changelog == {}

    def _append(self, entry: Entry) -> None:
        self.log.append(entry)
        self.expected += written(entry.partition, self.steady.feed(entry))


def test_crashes_at_any_point_change_nothing() -> None:
    run_state_machine_as_test(Restarts, settings=MACHINE)
