"""Who was erased, in batches that wait to leave a client site."""

from __future__ import annotations

import msgspec
from aiokafka.structs import ConsumerRecord

from agents.to_centre import Leaving
from sinks.gateway.client import BATCH_ID
from streams.events import Batch, Erased, UserData, decode_batch, encode
from streams.tombstones import ERASED, Tombstones, mark_of
from tests.contract.jobs import NOW_MS, batch_of, job

ADA, BOB = "a" * 64, "b" * 64


def batch() -> Batch:
    whole = batch_of(job(event_id="ada", user=UserData(em=(ADA,))), "b1")
    other = batch_of(job(event_id="bob", user=UserData(em=(BOB,))), "b1")
    return msgspec.structs.replace(whole, events=(*whole.events, *other.events), flushed_at_ms=NOW_MS)


def erased(*digests: str, at_ms: int = NOW_MS + 1) -> Tombstones:
    found = Tombstones()
    for digest in digests:
        found.learn(encode(Erased(tenant=batch().tenant, mark=mark_of(batch().tenant, digest))), at_ms)
    return found


def record(value: bytes) -> ConsumerRecord:
    return ConsumerRecord("batches", 1, 7, NOW_MS, 0, None, value, None, 0, len(value), ())


def test_a_part_leaves_under_an_id_of_its_own_that_the_gateway_takes() -> None:
    kept, dropped = erased(ADA).split(batch())
    assert kept is not None
    assert [one.event.event_id for one in kept.events] == ["bob"]
    assert [event.event_id for event in dropped] == ["ada"]
    assert kept.batch_id != "b1" and BATCH_ID.fullmatch(kept.batch_id)
    again, _ = erased(ADA, "c" * 64).split(batch())
    assert again == kept  # the same part, the same id


def test_whoever_left_after_the_erasure_is_new_and_nobody_may_be_left() -> None:
    whole = batch()
    assert erased(ADA, at_ms=NOW_MS).split(whole) == (whole, ())
    kept, dropped = erased(ADA, BOB).split(whole)
    assert kept is None and len(dropped) == 2


def test_what_may_leave_is_the_same_bytes_unless_somebody_was_erased() -> None:
    value, nobody = encode(batch()), Leaving(Tombstones())
    assert nobody.of(value) is value
    assert nobody.rejects(record(value)) == []
    tombstones = erased("c" * 64)
    leaving = Leaving(tombstones)
    assert leaving.of(value) is value and leaving.of(b"no batch") == b"no batch"
    tombstones.learn(encode(Erased(tenant=batch().tenant, mark=mark_of(batch().tenant, ADA))), NOW_MS + 5)
    left = decode_batch(leaving.of(value))
    assert [one.event.event_id for one in left.events] == ["bob"]
    (reject,) = leaving.rejects(record(value))
    assert (reject.event_id, reject.reason, reject.topic, reject.offset) == ("ada", ERASED, "batches", 7)
    assert Leaving(erased(ADA, BOB)).of(value) == b""
