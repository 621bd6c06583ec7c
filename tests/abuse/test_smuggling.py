"""Requests that two servers in a row could read differently (RFC 9112, 11.2). Each is sent with another hidden in
its body: that one is never answered, what is ambiguous is never taken, and behind a refusal nothing is read."""

from __future__ import annotations

import json

import pytest

from tests.abuse.raw import Door, chunked, request, tell
from tests.unit.collecting import AGENT, KEY, LEAST, PAGE

pytestmark = pytest.mark.stack

BODY = json.dumps({"key": KEY, "events": [LEAST]}).encode()
USUAL = ("Content-Type: text/plain", f"Origin: {PAGE}", f"User-Agent: {AGENT}")
HIDDEN = request("GET", "/hidden")
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
AMBIGUOUS = {
    "length and chunks": (LENGTH, CHUNKED),
    "chunks and length": (CHUNKED, LENGTH),
    "two lengths": (LENGTH, "Content-Length: 0"),
    "two lengths in one": (f"Content-Length: {len(BODY)}, 0",),
    "the same length twice": (LENGTH, LENGTH),
    "a signed length": (f"Content-Length: +{len(BODY)}",),
    "a negative length": ("Content-Length: -1",),
    "a length in hex": (f"Content-Length: 0x{len(BODY):x}",),
    "a length with an underscore": ("Content-Length: 1_0",),
    "a length that is no number": ("Content-Length: many",),
    "an endless length": ("Content-Length: " + "9" * 400,),
    "chunks in other words": ("Transfer-Encoding: xchunked",),
    "chunks with a tab": ("Transfer-Encoding:\tchunked\t, identity",),
    "chunks twice": (CHUNKED, CHUNKED),
    "chunks, then something else": ("Transfer-Encoding: chunked, identity",),
    "chunks in quotes": ('Transfer-Encoding: "chunked"',),
    "a vertical tab": ("Transfer-Encoding: \x0bchunked",),
    "space before the colon": ("Transfer-Encoding : chunked", LENGTH),
    "a header folded": ("Transfer-Encoding:\r\n chunked", LENGTH),
    "a header that begins with a space": (" Transfer-Encoding: chunked", LENGTH),
    "a NUL in a header": (LENGTH, "X-A: a\x00b"),
    "a bare CR in a header": (LENGTH, "X-A: a\rTransfer-Encoding: chunked"),
    "a header without a colon": (LENGTH, "Transfer-Encoding chunked"),
    "a header without a name": (LENGTH, ": chunked"),
}


@pytest.mark.parametrize("headers", AMBIGUOUS.values(), ids=list(AMBIGUOUS))
async def test_what_is_ambiguous_is_refused_and_nothing_behind_it_is_read(
    collect: Door, headers: tuple[str, ...]
) -> None:
    told = await tell(collect, request("POST", "/v1/events", *USUAL, *headers) + chunked(BODY) + HIDDEN)
    assert told.statuses == [400], told
    assert told.ended
    assert b"bad_http" in told.data and b"not_found" not in told.data


BAD_CHUNKS = {
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "a size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "a signed size": b"+3\r\nabc\r\n0\r\n\r\n",
    "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
    "a size with 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a size with an underscore": b"0_3\r\nabc\r\n0\r\n\r\n",
    "a size that overflows": b"f" * 40 + b"\r\nabc\r\n0\r\n\r\n",
    "a size that ends in a bare LF": b"3\nabc\n0\n\n",
    "data that is longer": b"3\r\nabcdef\r\n0\r\n\r\n",
    "a bare CR behind the data": b"3\r\nabc\r0\r\n\r\n",
    "an extension with a bare LF": b"3;a=\nb\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=list(BAD_CHUNKS))
async def test_chunks_that_are_none_end_the_connection(collect: Door, chunks: bytes) -> None:
    told = await tell(collect, request("POST", "/v1/events", *USUAL, CHUNKED) + chunks + HIDDEN)
    assert told.statuses in ([400], []), told  # the connection may be gone before the answer is read
    assert told.ended
    assert b"not_found" not in told.data


async def test_well_formed_chunks_are_taken_also_with_extensions_and_trailers(collect: Door) -> None:
    half = len(BODY) // 2
    body = b"%x;name=value\r\n%b\r\n%x\r\n%b\r\n" % (half, BODY[:half], len(BODY) - half, BODY[half:])
    trailers = b"0\r\nX-Capi-Key: sk_backend\r\nContent-Type: image/png\r\n\r\n"
    last = request("GET", "/v1/id", "Connection: close")
    told = await tell(collect, request("POST", "/v1/events", *USUAL, CHUNKED) + body + trailers + last)
    assert told.statuses == [200, 200], told


REFUSED = {
    "too large by its length": (413, *USUAL, "Content-Length: 9000000"),
    "no content type": (415, LENGTH),
    "an encoding of its own": (415, *USUAL, LENGTH, "Content-Encoding: br"),
    "expecting what nobody does": (417, *USUAL, LENGTH, "Expect: 200-ok"),
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=list(REFUSED))
async def test_the_body_of_a_refused_request_is_never_read_as_the_next(
    collect: Door, headers: tuple[int, *tuple[str, ...]]
) -> None:
    """The hidden request is what was declared as body; when all of it came, the connection may go on."""
    status, *lines = headers
    lines = [line.replace(str(len(BODY)), str(len(HIDDEN))) for line in lines]
    last = request("GET", "/v1/id", "Connection: close")
    told = await tell(collect, request("POST", "/v1/events", *lines) + HIDDEN + last)
    assert told.statuses in ([status], [status, 200]), told
    assert b"not_found" not in told.data


LINES = {
    "a bare LF": b"GET /v1/id HTTP/1.1\nHost: a\n\n",
    "no version": b"GET /v1/id\r\n\r\n",
    "a version that is none": b"GET /v1/id HTTP/9.9\r\nHost: a\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method that is none": b"GE(T /v1/id HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the path": b"GET /v1/ id HTTP/1.1\r\nHost: a\r\n\r\n",
    "a NUL in the path": b"GET /v1/id\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "two hosts": b"GET /v1/id HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host": b"GET /v1/id HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("line", LINES.values(), ids=list(LINES))
async def test_request_lines_that_are_none_are_refused(collect: Door, line: bytes) -> None:
    told = await tell(collect, line + HIDDEN)
    assert told.statuses == [400], told
    assert told.ended


async def test_what_a_proxy_would_be_asked_for_is_not_done(collect: Door) -> None:
    for line in (
        request("CONNECT", "evil.example:443", "Connection: close"),
        request("GET", "http://169.254.169.254/latest/meta-data/", "Connection: close"),
        request("TRACE", "/v1/id", "Connection: close", "X-Secret: 1"),
        request("OPTIONS", "*", "Connection: close"),
    ):
        told = await tell(collect, line)
        assert told.statuses and told.statuses[0] in (400, 404, 405), told
        assert b"X-Secret" not in told.data


async def test_an_upgrade_is_not_one(collect: Door) -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
    told = await tell(collect, request("GET", "/v1/id", *upgrade) + HIDDEN, quiet_s=0.5)
    assert told.statuses == [200], "what follows is not read as HTTP/2, nor as another request"
