"""Records that nobody should have written, and who says so of them. Bytes are from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from agents.ledger_client import Ledgers
from streams.events import UNREADABLE, decode_reject
from streams.ledger.queries import RejectsOf
from tests.faults.matrix.arena import Arena
from tests.kafka import consumer_of, eventually

BIG = 900_000  # just below what Kafka takes
HEADERS, HEADER_BYTES = 200, 2_000
ANSWERED_S = 60.0
Place = tuple[str, int, int]  # topic, partition, offset
Headers = Sequence[tuple[str, bytes]]


class Bad(NamedTuple):
    """One record. `what` is for people."""

    what: str
    value: bytes | None
    key: bytes | None = b"north|extra-bad"
    headers: Headers = ()


def bad_records(rng: random.Random) -> Iterator[Bad]:
    """One of each kind."""
    noise = rng.randbytes(300)
    whole = msgspec.json.encode({"type": "event", "event_id": "extra-bad", "tenant": "north", "session_id": "s"})
    yield Bad("no value", None)
    yield Bad("no key", noise, key=None)
    yield Bad("nothing", b"")
    yield Bad("noise", noise)
    yield Bad("a key of noise", noise, key=noise)
    yield Bad("JSON cut off", whole[: rng.randrange(1, len(whole))])
    yield Bad("msgpack", msgspec.msgpack.encode({"type": "event", "event_id": "extra-bad"}))
    yield Bad("msgpack cut off", msgspec.msgpack.encode(["extra-bad"] * 50)[:-3])
    yield Bad("wrong types", b'{"type":"event","event_id":5,"tenant":[],"session_id":{},"v":1}')
    yield Bad("unknown type", b'{"type":"nonsense","batch_id":true,"v":1}')
    yield Bad("no object", rng.choice([b"null", b"17", b"[]", b'"extra-bad"']))
    yield Bad("nested", b"[" * 50_000)
    yield Bad("900 kB of JSON", b'{"filler":"' + b"x" * BIG + b'"}')
    yield Bad("900 kB of noise", rng.randbytes(BIG))
    yield Bad("headers", noise, headers=[*_headers(rng)])


def _headers(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    yield "traceparent", rng.randbytes(HEADER_BYTES)
    for number in range(HEADERS):
        yield f"extra-{number % 50}", rng.randbytes(HEADER_BYTES)


async def put(
    arena: Arena, topic: str, bad: Sequence[Bad], rng: random.Random, partition: int | None = None
) -> set[Place]:
    """Into one partition, or into those that chance gives; where they are."""
    places = set[Place]()
    producer = AIOKafkaProducer(bootstrap_servers=arena.settings.kafka_servers, acks="all")
    await producer.start()
    try:
        for one in bad:
            there = rng.randrange(arena.settings.partitions) if partition is None else partition
            sent = await producer.send_and_wait(topic, one.value, one.key, there, headers=[*one.headers])
            places.add((topic, there, sent.offset))
    finally:
        await producer.stop()
    return places


async def shown_by_the_ledger(arena: Arena, places: set[Place]) -> None:
    """Wait until it shows each of them: of a bad reject there is no reject, or they would make each other."""
    ledgers = Ledgers(arena.settings)

    async def all_shown() -> bool:
        answer = await ledgers.ask(RejectsOf(since_ms=0, limit=1_000))
        return places <= {(one.topic, one.partition, one.offset) for one in answer.newest}

    try:
        await eventually(all_shown, ANSWERED_S, every_s=0.5)
    finally:
        await ledgers.close()


class Rejected:
    """What `rejects` says since `start`: where each record is that was not taken."""

    def __init__(self, arena: Arena) -> None:
        self._settings = arena.settings
        self._positions: dict[TopicPartition, int] = {}
        self.places = set[Place]()

    async def start(self) -> None:
        topic = self._settings.topic("rejects")
        async with consumer_of(self._settings) as consumer:
            tps = [TopicPartition(topic, number) for number in range(self._settings.partitions)]
            self._positions = dict(await consumer.end_offsets(tps))

    async def said_of(self, places: set[Place]) -> None:
        """Wait until each of them was. Raises AssertionError with those that were not."""

        async def all_said() -> bool:
            await self._read()
            return places <= self.places

        try:
            await eventually(all_said, ANSWERED_S, every_s=0.5)
        except AssertionError:
            raise AssertionError(f"nobody rejected {sorted(places - self.places)}") from None

    async def _read(self) -> None:
        async with consumer_of(self._settings) as consumer:
            consumer.assign([*self._positions])
            for tp, position in self._positions.items():
                consumer.seek(tp, position)
            ends = await consumer.end_offsets([*self._positions])
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        self._learn(record.value or b"")
            self._positions = {tp: await consumer.position(tp) for tp in ends}

    def _learn(self, value: bytes) -> None:
        try:
            reject = decode_reject(value)
        except UNREADABLE:
            return  # we put it there
        assert reject.reason, "a reject without a reason"
        self.places.add((reject.topic, reject.partition, reject.offset))
