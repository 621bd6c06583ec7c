"""The rules on the table that the session agent has: runs of one partition, changes that go out with each run."""

from __future__ import annotations

from itertools import groupby
from typing import cast

import faust
from hypothesis import given
from hypothesis import strategies as st

from streams.runs.table import RunTable
from streams.session_state import decode_session, encode_session
from streams.windows import Windows
from tests.unit.session_worker import PROFILE, Out, by_partition, ended, replayed, written
from tests.unit.strategies import Entry, everything, fed, limits_of

Changelog = dict[int, list[tuple[bytes, bytes | None]]]


class TableWorker:
    """One generation of a session worker: restores its partitions from the changelog, then takes runs."""

    def __init__(self, changelog: Changelog) -> None:
        app = faust.App("test-session-runs", store="memory://", Table=RunTable, autodiscover=False)
        self.table = cast(RunTable, app.Table("sessions", partitions=2, key_type=bytes, value_type=bytes))
        self.table.encode, self.table.decode = encode_session, decode_session
        for partition, records in changelog.items():
            for key, value in records:
                self.table.restore(partition, key, value)
        self.windows = Windows(self.table, limits_of)
        self.windows.assign({partition: self.table.keys_of(partition) for partition in (0, 1)})

    def take(self, run: list[Entry], changelog: Changelog) -> list[Out]:
        """Decide a run and commit it: what it let go, and its changes appended to the changelog."""
        outs = [out for entry in run for out in written(entry.partition, fed(self.windows, entry))]
        changelog.setdefault(run[0].partition, []).extend(self.table.take_changes(run[0].partition))
        return outs


def runs_of(log: list[Entry], longest: int) -> list[list[Entry]]:
    """The records of each partition in runs of at most `longest`, as fetches bring them."""
    runs = [list(run) for _, run in groupby(log, key=lambda entry: entry.partition)]
    return [run[start : start + longest] for run in runs for start in range(0, len(run), longest)]


@PROFILE
@given(everything, st.integers(1, 8), st.data())
def test_neither_the_cut_into_runs_nor_a_new_worker_changes_a_byte(
    log: list[Entry], longest: int, data: st.DataObject
) -> None:
    runs = runs_of(ended(log), longest)
    restarts = data.draw(st.sets(st.integers(1, len(runs)), max_size=3))
    changelog: Changelog = {}
    worker = TableWorker(changelog)
    outs: list[Out] = []
    for number, run in enumerate(runs):
        if number in restarts:
            worker = TableWorker(changelog)
        outs += worker.take(run, changelog)
    assert by_partition(outs) == by_partition(replayed(ended(log)))
    assert TableWorker(changelog).table.data.data == {}
    assert not any(worker.table.keys_of(partition) for partition in (0, 1))
