"""The layer of runs on real Kafka: exactly once through kills, fencing, restore, and stopping when in doubt."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest
from aiokafka.structs import TopicPartition

from streams.runs.app import EXIT_IN_DOUBT
from streams.runs.options import transactional_producer
from streams.runs.packing import Outgoing
from streams.runs.restore import restore
from streams.runs.transactions import PartitionWriter
from streams.settings import Settings
from streams.topics import changelog_topic
from tests.kafka import (
    committed_offsets,
    eventually,
    fresh_settings,
    producer_of,
    read_all,
    read_until,
    reader_of,
    topics_of,
)
from tests.workers import environment, faust_worker, stop

pytestmark = pytest.mark.stack
MODULE = "tests.integration.counting_app"


def short(**more: object) -> Settings:
    return fresh_settings(session_timeout_s=6, **more)


async def feed(settings: Settings, values: list[bytes], partition: int = 0) -> None:
    async with producer_of(settings) as producer:
        for value in values:
            await producer.send(
                settings.topic("sessions.in"), key=b"k" + value[-1:], value=value, partition=partition
            )


async def counted(settings: Settings) -> dict[bytes, int]:
    """The table as its changelog tells it: the last committed value of each key."""
    return {r.key: int(r.value) for r in await read_all(settings, changelog_topic(settings)) if r.value}


async def test_every_record_once_while_workers_are_killed(tmp_path: Path) -> None:
    settings = short(run_records=50)
    values = [b"v%05d" % n for n in range(3_000)]
    async with topics_of(settings):
        env, log = environment(settings), tmp_path / "worker.log"
        fed = asyncio.create_task(slowly(settings, values))
        for after_s in (4.0, 3.0, 5.0):
            with faust_worker(MODULE, env, log) as worker:
                await asyncio.sleep(after_s)  # the moment of the kill is the test's input
                worker.send_signal(signal.SIGKILL)
        await fed
        with faust_worker(MODULE, env, log) as worker:
            values.append(b"v99999")  # comes out only when this worker is up, so that its stop is an orderly one
            await feed(settings, values[-1:])
            out = await read_until(
                settings, settings.topic("batches"), lambda found: len(found) >= len(values), 60
            )
            assert stop(worker) == 0
        assert Counter(r.value for r in out) == Counter(values)
        assert sum((await counted(settings)).values()) == len(values)


async def slowly(settings: Settings, values: list[bytes]) -> None:
    for start in range(0, len(values), 100):
        await feed(settings, values[start : start + 100])
        await asyncio.sleep(0.4)


async def test_what_was_not_committed_is_nowhere(tmp_path: Path) -> None:
    """L1 closed: changelog, outbox and offset are one atom, so a death in between leaves none of them."""
    settings = short()
    source = TopicPartition(settings.topic("sessions.in"), 0)
    async with topics_of(settings):
        dying = transactional_producer(settings, "g-0")
        await dying.start()
        await dying.begin_transaction()
        await (await dying.send(settings.topic("batches"), b"lost", partition=0))
        await dying.send_offsets_to_transaction({source: 7}, "g")  # and here it dies
        writer = PartitionWriter(0, "g", lambda name: transactional_producer(settings, name))
        await writer.fence()
        try:
            assert await read_all(settings, settings.topic("batches")) == []
            assert (await committed_offsets(settings, "g", source.topic))[0] is None
        finally:
            await writer.close()
            await asyncio.wait_for(dying.client.close(), 5)


async def test_former_owner_is_fenced(tmp_path: Path) -> None:
    """A zombie that wakes after its partition moved cannot commit, and hears of it."""
    settings = short()
    source, topic = TopicPartition(settings.topic("sessions.in"), 0), settings.topic("batches")
    async with topics_of(settings):
        zombie, owner = (PartitionWriter(0, "g", lambda n: transactional_producer(settings, n)) for _ in "ab")
        heard: list[BaseException] = []
        done: list[str] = []

        async def durable() -> None:
            done.append("done")

        await zombie.fence()
        await owner.fence()
        await zombie.commit([Outgoing(topic, None, b"zombie", 0)], {source: 1}, durable, heard.append)
        await owner.commit([Outgoing(topic, None, b"owner", 0)], {source: 1}, durable, heard.append)
        found = await read_until(settings, topic, lambda records: len(records) >= 1)
        await eventually(lambda: heard)
        assert [record.value for record in found] == [b"owner"]
        assert done == ["done"]
        await asyncio.gather(zombie.close(), owner.close())


async def restored(settings: Settings) -> dict[bytes, bytes | None]:
    """Partition 0 of the sessions table as a worker would restore it."""
    table: dict[bytes, bytes | None] = {}
    async with reader_of(settings, changelog_topic(settings)) as consumer:
        tps = [TopicPartition(changelog_topic(settings), 0)]
        await restore(consumer, tps, lambda _, key, value: table.__setitem__(key, value), pytest.fail)
    return table


async def test_without_fencing_a_late_write_undoes_the_new_owners_state() -> None:
    """The loss that fencing closes: at least once, a worker that wakes up late writes what it knew."""
    settings = short()
    topic = changelog_topic(settings)
    async with topics_of(settings), producer_of(settings) as zombie, producer_of(settings) as owner:
        await owner.send_and_wait(topic, b"2 events", b"k", partition=0)
        await zombie.send_and_wait(topic, b"1 event", b"k", partition=0)
        assert await restored(settings) == {b"k": b"1 event"}


async def test_with_fencing_the_new_owners_state_stays() -> None:
    settings = short()
    source, topic = TopicPartition(settings.topic("sessions.in"), 0), changelog_topic(settings)

    async def durable() -> None:
        pass

    async with topics_of(settings):
        zombie, owner = (PartitionWriter(0, "g", lambda n: transactional_producer(settings, n)) for _ in "ab")
        heard: list[BaseException] = []
        await zombie.fence()
        await owner.fence()
        await owner.commit([Outgoing(topic, b"k", b"2 events", 0)], {source: 2}, durable, heard.append)
        await zombie.commit([Outgoing(topic, b"k", b"1 event", 0)], {source: 1}, durable, heard.append)
        await eventually(lambda: heard)
        assert await restored(settings) == {b"k": b"2 events"}
        await asyncio.gather(zombie.close(), owner.close())


async def test_unexpected_exception_stops_the_worker_and_loses_nothing(tmp_path: Path) -> None:
    """L5 closed: a bug in the agent ends the process; the record is read again after the mend."""
    settings = short()
    values = [b"2", b"4", b"poison", b"6"]
    async with topics_of(settings):
        await feed(settings, values)
        log = tmp_path / "worker.log"
        with faust_worker(MODULE, environment(settings), log) as worker:
            assert await asyncio.to_thread(worker.wait, 30) == EXIT_IN_DOUBT
        with faust_worker(MODULE, environment(settings, CURED="1"), log):
            out = await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 4)
        assert Counter(record.value for record in out) == Counter(values)


async def test_an_agent_that_ends_stops_the_worker(tmp_path: Path) -> None:
    """Its partitions would be nobody's: assigned, in good health by every sign, and not read."""
    settings = short()
    async with topics_of(settings):
        await feed(settings, [b"2", b"leave"])
        log = tmp_path / "worker.log"
        with faust_worker(MODULE, environment(settings), log) as worker:
            assert await asyncio.to_thread(worker.wait, 30) == EXIT_IN_DOUBT
        assert "the agent ended although the worker goes on" in log.read_text()


@pytest.mark.parametrize(
    ("mishap", "said"),
    [
        (
            b"pause",
            "no progress in 4",
        ),  # well by every sign, but a partition is fetched no more
        (b"again", "came again"),  # the consumer went back, and the table and the log have those records
    ],
)
async def test_a_consumer_that_goes_wrong_ends_the_worker(tmp_path: Path, mishap: bytes, said: str) -> None:
    settings = short(stall_s=4)
    async with topics_of(settings):
        await feed(settings, [b"2", mishap])
        log = tmp_path / "worker.log"
        with faust_worker(MODULE, environment(settings), log) as worker:
            await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 2)
            await feed(settings, [b"4"])
            assert await asyncio.to_thread(worker.wait, 30) == EXIT_IN_DOUBT
        assert said in log.read_text()
        with faust_worker(MODULE, environment(settings), log):
            out = await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 3)
        assert [record.value for record in out] == [b"2", mishap, b"4"]


async def test_runs_in_the_queue_do_not_hold_up_a_rebalance(tmp_path: Path) -> None:
    """What a busy agent has not been given yet is cleared, and read again by whoever owns the partition then."""
    settings = short(run_records=1, stall_s=600)
    values = [b"v%05d" % n for n in range(150)]
    async with topics_of(settings):
        await feed(settings, values)
        env = environment(settings, SLOW_S="0.1")
        with faust_worker(MODULE, env, tmp_path / "first.log"):
            await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 5)
            with faust_worker(MODULE, env, tmp_path / "second.log"):
                out = await read_until(
                    settings, settings.topic("batches"), lambda found: len(found) >= len(values), 60
                )
        assert Counter(record.value for record in out) == Counter(values)


async def test_stock_faust_loses_the_record_of_an_exception(tmp_path: Path) -> None:
    """The loss that L5 is about, on the layer switched off."""
    settings = short()
    async with topics_of(settings):
        await feed(settings, [b"2", b"4", b"poison", b"6"])
        log = tmp_path / "worker.log"
        with faust_worker(MODULE, environment(settings, COUNTING="stock"), log):
            await read_until(settings, settings.topic("batches"), lambda found: len(found) >= 3)

            async def all_committed() -> bool:
                return (
                    await committed_offsets(settings, f"{settings.namespace}-stock", settings.topic("sessions.in"))
                )[0] == 4

            await eventually(all_committed)
        assert [r.value for r in await read_all(settings, settings.topic("batches"))] == [b"2", b"4", b"6"]


async def test_partition_count_changed_is_refused_at_start(tmp_path: Path) -> None:
    settings = short()
    async with topics_of(settings):
        log = tmp_path / "worker.log"
        with faust_worker(MODULE, environment(settings, CAPI_PARTITIONS="3"), log) as worker:
            assert await asyncio.to_thread(worker.wait, 30) == EXIT_IN_DOUBT
        assert "has 2 partitions, CAPI_PARTITIONS is 3" in log.read_text()
