"""The loss paths of faust-streaming 0.15.3, each shown on its own code, and closed in streams.runs.

L1 offset committed before the changelog is sent      L2 a gap at the head is committed over
L3 queues cleared after streams were resumed          L4 an emptied set of partitions means "all"
L5 an exception acknowledges the record: tests/integration/test_runs.py, as are fencing and L1's other half
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import Consumer as StockConsumer
from faust.transport.producer import ProducerBuffer
from faust.types import TP

from streams.runs.consumer import AckedConsumer, RunConsumer
from streams.runs.recovery import RunRecovery

SOURCE = TP("in", 0)


async def test_l1_stock_flush_returns_with_the_changelog_unsent() -> None:
    """Why a run's changelog goes through its transaction and not through Faust's buffer."""
    buffer = ProducerBuffer()
    buffer.app = cast(Any, SimpleNamespace(conf=SimpleNamespace(producer_threaded=False)))
    stalled = asyncio.Event()

    async def publish(fut: Any, wait: bool) -> None:
        await stalled.wait()

    message = SimpleNamespace(message=SimpleNamespace(channel=SimpleNamespace(publish_message=publish)))
    await buffer.start()
    try:
        buffer.put(cast(Any, message))
        buffer.put(cast(Any, message))
        await buffer.flush()
        assert buffer.size == 1, "flush() gave up after 0.1 s and said nothing"
    finally:
        buffer.pending.get_nowait()
        stalled.set()
        await buffer.stop()


def consumer_with_acks(kind: type[Any], committed: int | None, acked: list[int]) -> Any:
    consumer = object.__new__(kind)
    consumer._acked = defaultdict(list, {SOURCE: [*acked]})
    consumer._acked_index = defaultdict(set, {SOURCE: {*acked}})
    consumer._gap = defaultdict(dict)
    consumer._committed_offset = defaultdict(lambda: None, {SOURCE: committed})
    return consumer


@pytest.mark.parametrize(("committed", "acked"), [(100, [101, 102]), (None, [1, 2, 3])])
def test_l2_stock_commits_over_a_gap_at_the_head(committed: int | None, acked: list[int]) -> None:
    first_unacked = 0 if committed is None else committed
    stock = consumer_with_acks(StockConsumer, committed, acked)
    assert Consumer._new_offset(stock, SOURCE) == acked[-1] + 1 > first_unacked


def test_l2_runs_leave_offsets_to_the_transaction() -> None:
    ours = consumer_with_acks(RunConsumer, 100, [101, 102])
    assert ours._new_offset(SOURCE) is None
    assert ours._acked[SOURCE] == [], "and hold no list that grows for ever"


def test_l2_at_least_once_runs_are_acknowledged_in_order() -> None:
    """A run's acknowledgement stands for all before it: one agent, one run at a time."""
    ours = consumer_with_acks(AckedConsumer, 100, [499, 812])
    assert ours._new_offset(SOURCE) == 813
    assert ours._new_offset(SOURCE) is None


def recovery_with_journal(kind: type[Recovery]) -> tuple[Any, list[str]]:
    """A recovery at its last step, and what it does to flow, in order."""
    journal: list[str] = []

    async def nothing(*_: Any, **__: Any) -> None:
        pass

    def said(word: str) -> Any:
        return lambda *_, **__: journal.append(word)

    async def seek() -> None:
        journal.append("seek")

    async def take_over(assignment: set[TP]) -> None:
        journal.append("fence and restore")

    consumer = SimpleNamespace(
        assignment=lambda: {SOURCE},
        resume_partitions=said("resume partitions"),
        perform_seek=seek,
        seek_to_what_is_committed=seek,
        resume_flow=said("resume flow"),
    )
    app = SimpleNamespace(
        consumer=consumer,
        consumer_generation_id=1,
        on_rebalance_complete=SimpleNamespace(send=nothing),
        flow_control=SimpleNamespace(resume=said("clear queues")),
        tables=SimpleNamespace(changelog_topics=set(), values=list),
        conf=SimpleNamespace(broker_request_timeout=5),
        _fetcher=SimpleNamespace(maybe_start=nothing),
        assignor=SimpleNamespace(assigned_standbys=set),
        on_rebalance_end=said("ready"),
        take_over=take_over,
        pulse=SimpleNamespace(start_over=lambda: None),
    )
    tables = SimpleNamespace(
        values=list, on_actives_ready=lambda: None, on_standbys_ready=lambda: None, changelog_topics=set()
    )
    recovery: Any = object.__new__(kind)
    recovery.app, recovery.tables = app, tables
    recovery.completed = asyncio.Event()
    recovery.log = SimpleNamespace(info=said_nothing, dev=said_nothing, warning=said_nothing)
    recovery._set_recovery_ended = said_nothing

    async def wait(coro: Any, timeout: float | None = None) -> None:
        await coro

    recovery._wait = wait
    return recovery, journal


def said_nothing(*_: Any, **__: Any) -> None:
    pass


async def test_l3_stock_clears_queues_after_it_resumed_partitions() -> None:
    recovery, journal = recovery_with_journal(Recovery)
    await recovery.on_recovery_completed(1)
    assert journal.index("resume partitions") < journal.index("clear queues")


@pytest.mark.parametrize("method", ["on_recovery_completed", "_resume_streams"])
async def test_l3_runs_resume_partitions_last(method: str) -> None:
    """And the app is `ready` before anything flows: an agent drops runs that come while it is rebalancing."""
    recovery, journal = recovery_with_journal(RunRecovery)
    await getattr(recovery, method)(1)
    assert journal == ["fence and restore", "seek", "ready", "clear queues", "resume partitions", "resume flow"]


async def fetched_for(kind: type[Any]) -> set[TP]:
    """The partitions a fetch is for, seen by the fetcher after a pause came in between."""
    seen: set[TP] = set()
    active = {SOURCE}

    async def getmany(partitions: set[TP], timeout: float) -> dict[TP, Any]:
        active.clear()  # Consumer.pause_partitions does this to the live set
        seen.update(partitions)
        return {}

    consumer = object.__new__(kind)
    consumer._thread = SimpleNamespace(getmany=getmany)
    await consumer._getmany(active, 1.0)
    return seen


async def test_l4_stock_hands_its_live_set_to_the_fetcher() -> None:
    assert await fetched_for(StockConsumer) == set(), "and aiokafka takes an empty set for all partitions"


async def test_l4_runs_fetch_for_a_copy() -> None:
    assert await fetched_for(RunConsumer) == {SOURCE}
