"""The memories of a worker against a model of them, for any log of visits, ticks and erasures."""

from __future__ import annotations

from typing import NamedTuple, cast

import faust
from hypothesis import given
from hypothesis import strategies as st

from streams.events import Erase, Recalled, Visit
from streams.person import PERSON_FIELDS
from streams.runs.table import RunTable
from streams.visitor_table import VisitorTable
from streams.visitors import DAY_MS, decode_memory, told
from tests.unit.session_worker import PROFILE

LIMITS_MS = {b"shop": 10 * DAY_MS, b"off": 0, b"long": 100 * DAY_MS}
DIGESTS = tuple(letter * 64 for letter in "abc")


class Entry(NamedTuple):
    """`what` None is a tick."""

    at_ms: int
    what: Visit | Erase | None


visits = st.builds(
    Visit,
    tenant=st.sampled_from(["shop", "off", "long"]),
    visitor=st.sampled_from([f"external_id:{DIGESTS[0]}", "fbp:1", "ttp:1"]),
    session_id=st.sampled_from(["s1", "s2"]),
    identity=st.dictionaries(
        st.sampled_from(["em", "ph", "fn", "external_id", "fbp"]),
        st.lists(st.sampled_from(DIGESTS), min_size=1, max_size=2).map(tuple),
        max_size=3,
    ),
    asks=st.booleans(),
    ask_id=st.integers(0, 9),
    replaces=st.sampled_from([False, False, False, True]),
    forget=st.sampled_from([False, False, False, True]),
)
erasures = st.builds(
    Erase,
    tenant=st.sampled_from(["shop", "long"]),
    field=st.sampled_from(["em", "ph"]),
    digest=st.sampled_from(DIGESTS),
)
steps = st.tuples(st.integers(0, 4 * DAY_MS), st.one_of(visits, visits, visits, erasures, st.none()))
logs = st.lists(steps, max_size=30).map(
    lambda found: [Entry(sum(gap for gap, _ in found[: n + 1]), what) for n, (_, what) in enumerate(found)]
)


class Worker:
    """The visitors' agent without Kafka: partition 0, its table, and its changelog."""

    def __init__(self, changelog: list[tuple[bytes, bytes | None]]) -> None:
        app = faust.App("test-visitors", store="memory://", Table=RunTable, autodiscover=False)
        self.table = cast(RunTable, app.Table("visitors", partitions=1, key_type=bytes, value_type=bytes))
        for key, value in changelog:
            self.table.restore(0, key, value)
        self.memories = VisitorTable(self.table, self.table.keys_of, limit_of)

    def feed(self, entry: Entry) -> Recalled | None:
        if isinstance(entry.what, Visit):
            return self.memories.visit(entry.what, entry.at_ms)
        if isinstance(entry.what, Erase):
            self.memories.erase(0, entry.what)
        else:
            self.memories.advance(0, entry.at_ms)
        return None


def limit_of(key: bytes) -> int:
    return LIMITS_MS[key.partition(b"|")[0]]


class Model:
    """The slow and obvious way: all teachings in order, answered by looking at each."""

    def __init__(self) -> None:
        self.taught: dict[tuple[bytes, str], tuple[int, tuple[str, ...]]] = {}

    def known(self, key: bytes, now_ms: int) -> dict[str, tuple[str, ...]]:
        return {
            field: values
            for (owner, field), (at_ms, values) in self.taught.items()
            if owner == key and now_ms - at_ms < limit_of(key)
        }

    def feed(self, entry: Entry) -> dict[str, tuple[str, ...]]:
        if isinstance(entry.what, Erase):
            self._erase(entry.what, entry.at_ms)
        if not isinstance(entry.what, Visit):
            return {}
        visit, key = entry.what, entry.what.key
        said = cast(dict[str, tuple[str, ...]], {f: v for f, v in visit.identity.items() if f in PERSON_FIELDS})
        known = self.known(key, entry.at_ms)
        agrees = {field: bool({*said[field]} & {*known[field]}) for field in said.keys() & known.keys()}
        stranger = (
            not agrees["external_id"] if "external_id" in agrees else False in (agrees.get("em"), agrees.get("ph"))
        )
        if visit.forget or visit.replaces or stranger:
            self._forget(key)
        answer = self.known(key, entry.at_ms)
        if not visit.forget:
            self.taught |= {(key, field): (entry.at_ms, values) for field, values in said.items()}
        return answer

    def _forget(self, key: bytes) -> None:
        self.taught = {place: known for place, known in self.taught.items() if place[0] != key}

    def _erase(self, erase: Erase, now_ms: int) -> None:
        for key in {key for key, _ in self.taught}:
            if key.startswith(f"{erase.tenant}|".encode()) and erase.digest in self.known(key, now_ms).get(
                erase.field, ()
            ):
                self._forget(key)


@PROFILE
@given(logs)
def test_an_answer_is_exactly_what_was_taught_and_is_not_over(log: list[Entry]) -> None:
    """So nothing expired, nothing of another tenant, nothing that was forgotten or erased."""
    worker, model = Worker([]), Model()
    for entry in log:
        answer, expected = worker.feed(entry), model.feed(entry)
        asks = isinstance(entry.what, Visit) and entry.what.asks
        assert (answer is not None) == asks
        if answer is not None:
            assert answer.identity == expected


@PROFILE
@given(logs, st.sets(st.integers(0, 30), max_size=4), st.integers(1, 8))
def test_neither_the_cut_into_runs_nor_a_new_worker_changes_an_answer(
    log: list[Entry], restarts: set[int], longest: int
) -> None:
    whole, changelog = Worker([]), list[tuple[bytes, bytes | None]]()
    cut, uncommitted = Worker([]), 0
    for number, entry in enumerate(log):
        assert whole.feed(entry) == cut.feed(entry)
        uncommitted += 1
        if uncommitted == longest or number in restarts:
            changelog += cut.table.take_changes(0)
            uncommitted = 0
        if number in restarts:
            cut = Worker(changelog)


@PROFILE
@given(logs)
def test_two_quiet_days_after_its_time_nothing_is_left(log: list[Entry]) -> None:
    worker = Worker([])
    for entry in log:
        worker.feed(entry)
    [*worker.table.take_changes(0)]
    end_ms = (log[-1].at_ms if log else 0) + max(LIMITS_MS.values())
    for hour in range(49):
        worker.memories.advance(0, end_ms + hour * DAY_MS // 24)
    assert dict(worker.table.data.data) == {}


@PROFILE
@given(logs, st.sampled_from(["em", "ph"]), st.sampled_from(DIGESTS))
def test_after_an_erasure_the_digest_is_nowhere_in_the_tenants_memories(
    log: list[Entry], field: str, digest: str
) -> None:
    worker = Worker([])
    for entry in log:
        worker.feed(entry)
    others = {key for key in worker.table.data.data if not key.startswith(b"shop|")}
    worker.memories.erase(0, Erase(tenant="shop", field=field, digest=digest))
    left = {key: told(decode_memory(value)) for key, value in worker.table.data.data.items()}
    assert not any(digest in known.get(field, ()) for key, known in left.items() if key.startswith(b"shop|"))
    assert others <= left.keys()
