"""The collector's writer beside a Kafka that stalls, cuts connections and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from sinks import records as writing_module
from sinks.records import NotWrittenError, RecordWriter
from streams.runs import Outgoing
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, read_all, topics_of
from tests.valve import Valve

pytestmark = [pytest.mark.stack, pytest.mark.timeout(60)]

PORT = 9092


class KafkaValve(Valve):
    """Kafka says where its brokers are; here it says that they are behind the valve."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where, here = (b"127.0.0.1" + port.to_bytes(4, "big") for port in (PORT, self.port))
        write = writer.write
        writer.write = lambda data: write(bytes(data).replace(where, here))  # type: ignore[method-assign]
        await super().serve(reader, writer)


@pytest.fixture
async def behind() -> AsyncIterator[tuple[Settings, KafkaValve]]:
    valve = KafkaValve(PORT)
    server = await asyncio.start_server(valve.serve, "127.0.0.1", 0)
    valve.port = server.sockets[0].getsockname()[1]
    settings = fresh_settings()
    async with topics_of(settings):
        yield (
            settings.model_copy(update={"kafka_url": f"kafka://127.0.0.1:{valve.port}", "collect_kafka_s": 1.0}),
            valve,
        )
    valve.open.set()
    server.close()


class Writing:
    """Writes records by name, and knows those that were said to be durable."""

    def __init__(self, settings: Settings) -> None:
        self.writer, self._topic = RecordWriter(settings), settings.topic("sessions.in")
        self.durable: set[bytes] = set()

    async def write(self, *names: str) -> bool:
        found = [Outgoing(self._topic, name.encode(), name.encode()) for name in names]
        try:
            await self.writer.write(found)
        except NotWrittenError:
            return False
        self.durable |= {name.encode() for name in names}
        return True


async def test_stalled_then_cut_then_back(behind: tuple[Settings, KafkaValve]) -> None:
    settings, valve = behind
    writing = Writing(settings)
    assert not await writing.write("too early")
    writing.writer.start()
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    assert await writing.write(*(f"first-{n}" for n in range(500)))

    valve.open.clear()
    begun = time.monotonic()
    assert not any(await asyncio.gather(*(writing.write(f"stalled-{n}") for n in range(20))))
    assert time.monotonic() - begun < 5
    # a write gives up a moment before its batch, which began after it, counts as stuck
    await eventually(lambda: writing.writer.why_not == "Kafka does not answer", 5, 0.01)
    begun = time.monotonic()
    assert not await writing.write("told at once")
    assert time.monotonic() - begun < 0.5

    valve.cut()
    valve.open.set()
    await eventually(lambda: not writing.writer.why_not, 30, 0.05)
    assert await writing.write("after")
    await writing.writer.close()

    found = [record.value for record in await read_all(settings, settings.topic("sessions.in"))]
    assert writing.durable <= {*found}
    assert {*found} - writing.durable <= {f"stalled-{n}".encode() for n in range(20)}
    assert len(found) == len({*found}), "written twice"


async def test_a_producer_that_kafka_refuses_is_replaced(behind: tuple[Settings, KafkaValve]) -> None:
    settings, _ = behind
    writing = Writing(settings)
    writing.writer.start()
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    assert await writing.write("before")
    producer = writing.writer.producer
    await producer.stop()  # as after an error that it does not survive
    assert not await writing.write("lost")
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    assert writing.writer.producer is not producer
    assert await writing.write("again")
    await writing.writer.close()
    found = {record.value for record in await read_all(settings, settings.topic("sessions.in"))}
    assert found == {b"before", b"again"}


async def test_what_a_lost_producer_held_is_given_up_and_its_partition_goes_on(
    behind: tuple[Settings, KafkaValve], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing_module, "CLOSE_S", 0.2)
    settings, valve = behind
    writing = Writing(settings.model_copy(update={"collect_kafka_s": 20.0}))
    writing.writer.start()
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    valve.open.clear()
    held = asyncio.create_task(writing.write("held"))
    await eventually(lambda: any(lane.stuck_s for lane in writing.writer._lanes.values()), 5, 0.01)
    writing.writer.lost(writing.writer.producer, RuntimeError("of another partition"))
    assert not await asyncio.wait_for(held, 5)
    valve.open.set()
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    assert await writing.write("held")
    await writing.writer.close()


async def test_a_close_writes_what_is_under_way(behind: tuple[Settings, KafkaValve]) -> None:
    settings, valve = behind
    writing = Writing(settings)
    writing.writer.start()
    await eventually(lambda: not writing.writer.why_not, 20, 0.02)
    valve.open.clear()
    under_way = asyncio.create_task(writing.write(*(f"late-{n}" for n in range(50))))
    await asyncio.sleep(0)
    closing = asyncio.create_task(writing.writer.close())
    await asyncio.sleep(0.1)
    assert not closing.done()
    valve.open.set()
    await closing
    assert await under_way
    assert len(await read_all(settings, settings.topic("sessions.in"))) == 50
