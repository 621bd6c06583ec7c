"""Deliveries taken out of a connection's bytes before the client library sees them. Pure.

aiormq reads a delivery as three frames, each through a stream reader, a queue and two task switches: 75 us of CPU
a message. Here whole chunks are cut into deliveries in one loop (4 us), and every other frame goes on to aiormq as
it came: connection upkeep, answers, cancels and closes stay its business.

AMQP 0-9-1 (rabbitmq.com/resources/specs/amqp0-9-1.pdf, read November 2026), 2.3.5: a frame is type, channel, size,
payload and an end octet; 4.2.6: a delivery is a method frame, a header frame that tells the size, and body frames.
Frames of other channels may come in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from struct import Struct, error
from typing import Any, NamedTuple

import msgspec
from pamqp import decode

METHOD, HEADER, BODY, BEAT = 1, 2, 3, 8
END = 0xCE
AROUND = 8  # bytes of a frame that are not its payload
DELIVER = b"\x00\x3c\x00\x3c"  # class 60, method 60
HEARTBEAT = bytes((BEAT, 0, 0, 0, 0, 0, 0, END))

_frame = Struct(">BHI")  # type, channel, size
_size = Struct(">Q")
_tag = Struct(">QB")  # delivery tag, redelivered
_long = Struct(">I")
_flags = Struct(">H")

# 4.2.6.1: properties are in this order, each there when its bit is set; what follows the message id is not read
CONTENT_TYPE, CONTENT_ENCODING, HEADERS, DELIVERY_MODE = 0x8000, 0x4000, 0x2000, 0x1000
PRIORITY, CORRELATION_ID, REPLY_TO, EXPIRATION, MESSAGE_ID = 0x0800, 0x0400, 0x0200, 0x0100, 0x0080


class Delivery(NamedTuple):
    """A complete one. `properties` as they came: see `read_properties`."""

    channel: int
    tag: int
    routing_key: str
    properties: bytes
    body: bytes


class _Open(msgspec.Struct):
    """A delivery whose frames have not all come."""

    tag: int
    routing_key: str
    properties: bytes = b""
    left: int = -1  # bytes of the body; -1 before the header frame
    parts: list[bytes] = []

    def complete(self, channel: int) -> Delivery:
        return Delivery(channel, self.tag, self.routing_key, self.properties, b"".join(self.parts))


class Splitter:
    """`feed` it what arrives, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = bytearray()  # the beginning of a frame
        self._needed = AROUND  # bytes, before looking at it again is worth it
        self._open: dict[int, _Open] = {}
        self._lost = False

    def feed(self, data: bytes) -> tuple[list[Delivery], bytes]:
        """Complete deliveries, and the other complete frames. What is no frame goes on unread, with all that
        follows: the client library then ends the connection."""
        if self._lost:
            return [], data
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return [], b""
            data = bytes(self._rest)
        found, others, at = self._split(data)
        self._rest = bytearray(data[at:])
        if self._lost:
            others.append(bytes(self._rest))
            self._rest.clear()
        return found, b"".join(others)

    def _split(self, data: bytes) -> tuple[list[Delivery], list[bytes], int]:
        found: list[Delivery] = []
        others: list[bytes] = []
        at, end, self._needed = 0, len(data), AROUND
        while end - at >= AROUND:
            kind, channel, size = _frame.unpack_from(data, at)
            stop = at + AROUND + size
            if kind not in (METHOD, HEADER, BODY, BEAT) or (stop <= end and data[stop - 1] != END):
                self._lost = True
                break
            if stop > end:
                self._needed = stop - at
                break
            if kind == METHOD and data.startswith(DELIVER, at + 7):
                self._open[channel] = _Open(*_deliver(data, at + 11))
            elif kind in (HEADER, BODY) and channel in self._open:
                if delivery := self._content(kind, channel, data[at + 7 : stop - 1]):
                    found.append(delivery)
            else:
                others.append(data[at:stop])
            at = stop
        return found, others, at

    def _content(self, kind: int, channel: int, payload: bytes) -> Delivery | None:
        delivery = self._open[channel]
        if kind == HEADER:
            (delivery.left,), delivery.properties = _size.unpack_from(payload, 4), payload[12:]
        else:
            delivery.parts.append(payload)
            delivery.left -= len(payload)
        if delivery.left > 0:
            return None
        del self._open[channel]
        return delivery.complete(channel)


def _deliver(data: bytes, at: int) -> tuple[int, str]:
    """Delivery tag and routing key; consumer tag and exchange are passed over."""
    at += 1 + data[at]
    tag, _ = _tag.unpack_from(data, at)
    at += _tag.size
    at += 1 + data[at]
    return tag, data[at + 1 : at + 1 + data[at]].decode(errors="replace")


def read_properties(raw: bytes) -> tuple[Mapping[str, Any], str]:
    """Headers and message id. Headers that cannot be read count as none: a job is worth more than they."""
    (flags,) = _flags.unpack_from(raw)
    at, headers = 2, _NONE
    if flags & CONTENT_TYPE:
        at += 1 + raw[at]
    if flags & CONTENT_ENCODING:
        at += 1 + raw[at]
    if flags & HEADERS:
        stop = at + 4 + _long.unpack_from(raw, at)[0]
        headers, at = _table(raw[at:stop]), stop
    if not flags & MESSAGE_ID:
        return headers, ""
    at += bool(flags & DELIVERY_MODE) + bool(flags & PRIORITY)
    for text in (CORRELATION_ID, REPLY_TO, EXPIRATION):
        if flags & text:
            at += 1 + raw[at]
    return headers, raw[at + 1 : at + 1 + raw[at]].decode(errors="replace")


_NONE: Mapping[str, Any] = {}


@lru_cache(maxsize=256)  # a first attempt's are always the same
def _table(raw: bytes) -> Mapping[str, Any]:
    try:
        return decode.field_table(raw)[1]
    except (ValueError, IndexError, error):
        return _NONE
