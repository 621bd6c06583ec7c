"""What a restore makes of changelog records that no worker of this release wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import faust
import msgspec
import pytest
from aiokafka.structs import ConsumerRecord

from streams.events import UNREADABLE, decode_reject
from streams.ledger.checking import check_row
from streams.ledger.rows import Page, Sums, encode_row
from streams.runs import RunTable
from streams.runs.refusing import OtherFormatError, refusal
from streams.session_state import Session, decode_session, encode_session
from streams.visitors import NOTHING, decode_memory, encode_memory

SESSION, KEY = encode_session(Session(last_at_ms=1, last_offset=2)), b"north|s1"
PAGE, SUMS = encode_row(Page(1, 1)), encode_row(Sums())
JUNK = (b"", b"\x00\xff", b"[]", b"{}", SESSION[:-3], b'{"v":1,"last_at_ms":"x","last_offset":0}', b"[" * 5_000)
Check = Callable[[bytes, bytes], object]


def table_of(decode: Callable[[bytes], object], check: Check = lambda _key, _value: None) -> RunTable:
    app = faust.App("test-refused-state", store="memory://", Table=RunTable, autodiscover=False)
    table = cast(RunTable, app.Table("any", partitions=2, key_type=bytes, value_type=bytes))
    table.decode, table.check = decode, check
    return table


def record_of(value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord("changelog", 1, 7, 0, 1, KEY, value, None, -1, -1, ())


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_what_was_there_before_counts(junk: bytes) -> None:
    table = table_of(decode_session)
    table.restore(0, KEY, SESSION)
    with pytest.raises(UNREADABLE):
        table.restore(0, KEY, junk)
    with pytest.raises(UNREADABLE):
        table.restore(0, b"another", junk)
    assert table.keys_of(0) == {KEY}
    assert table.data[KEY] == decode_session(SESSION)


def test_a_record_without_a_key_is_no_state() -> None:
    table = table_of(decode_session)
    with pytest.raises(UNREADABLE):
        table.restore(0, cast(bytes, None), SESSION)
    assert not table.keys_of(0)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_memories_are_checked_and_stay_encoded(junk: bytes) -> None:
    table, good = table_of(bytes, lambda _, value: decode_memory(value)), encode_memory(NOTHING)
    table.restore(0, KEY, good)
    with pytest.raises(UNREADABLE):
        table.restore(0, KEY, junk)
    assert table.data[KEY] == good


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"v0|north|s1", SUMS + b"x"),
        (b"m|0|60000|north", PAGE),
        (b"junk", SUMS),
        (b"m|0|soon|north", SUMS),
        (b"", b""),
    ],
)
def test_rows_of_the_ledger_are_checked_by_their_kind(key: bytes, value: bytes) -> None:
    check_row(b"v0|north|s1", PAGE)
    check_row(b"m|0|60000|north", SUMS)
    with pytest.raises(UNREADABLE):
        check_row(key, value)


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_a_reject_says_where_and_not_what(junk: bytes) -> None:
    reject = decode_reject(refusal(record_of(junk)))
    assert (reject.topic, reject.partition, reject.offset) == ("changelog", 1, 7)
    assert reject.reason == "no state of this table: the state before it counts"


@pytest.mark.parametrize(
    "value",
    [SESSION.replace(b'"v":1', b'"v":2'), msgspec.msgpack.encode([2, 1]), msgspec.msgpack.encode({"v": 3})],
)
def test_state_of_another_release_ends_the_worker(value: bytes) -> None:
    with pytest.raises(OtherFormatError, match="run the release that wrote it"):
        refusal(record_of(value))
