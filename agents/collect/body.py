"""The body of a request: as it came over the wire, and inflated, both within bounds."""

from __future__ import annotations

import asyncio
import zlib

from aiohttp import web

from agents.collect.problems import Problem, later

MOST_ARRIVING = 134_217_728  # bytes of all requests that are being read
GZIP = 31  # zlib's window bits for the gzip format


class _Arriving:
    """Bytes of all bodies that are arriving: many slow senders must not fill the memory."""

    size = 0


async def wire_body(request: web.Request, most_bytes: int, within_s: float) -> bytes:
    """The bytes that were sent, which is what signatures are over. Raises Problem 400, 408, 413 or 503."""
    if (request.content_length or 0) > most_bytes:
        raise _too_large(most_bytes)
    if not request.body_exists:
        return b""
    parts: list[bytes] = []
    try:
        async with asyncio.timeout(within_s):
            await _read(request, most_bytes, parts)
    except TimeoutError:
        raise _closing(
            Problem(408, "body_too_slow", f"the body did not arrive within {within_s:g} s", "send it faster")
        ) from None
    except (web.RequestPayloadError, ConnectionError):
        raise _closing(Problem(400, "bad_body", "the body does not follow its headers", "send it anew")) from None
    finally:
        _Arriving.size -= sum(map(len, parts))
    return b"".join(parts)


async def _read(request: web.Request, most_bytes: int, parts: list[bytes]) -> None:
    size = 0
    while part := await request.content.readany():
        parts.append(part)
        size += len(part)
        _Arriving.size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        if _Arriving.size > MOST_ARRIVING:
            raise _closing(later("busy", "too much arrives at once"))


def inflated(wire: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its Content-Encoding. Raises Problem 400, 413 or 415; never inflates more than allowed."""
    match encoding.strip().lower():
        case "" | "identity":
            return wire
        case "gzip" | "x-gzip":
            return _gunzip(wire, most_bytes)
    raise Problem(
        415, "unknown_encoding", "the body's encoding is not gzip", "send gzip or nothing", "Content-Encoding"
    )


def _gunzip(wire: bytes, most_bytes: int) -> bytes:
    inflater = zlib.decompressobj(GZIP)
    try:
        clear = inflater.decompress(wire, most_bytes + 1)
    except zlib.error:
        raise _corrupt() from None
    if len(clear) > most_bytes:
        raise _too_large(most_bytes)
    if not inflater.eof or inflater.unused_data:
        raise _corrupt()
    return clear


def _corrupt() -> Problem:
    return Problem(400, "corrupt_gzip", "the body is no whole gzip stream", "compress it anew", "Content-Encoding")


def _too_large(most_bytes: int) -> Problem:
    return _closing(
        Problem(413, "too_large", f"the body is larger than {most_bytes} bytes", "send fewer events at once")
    )


def _closing(problem: Problem) -> Problem:
    """What is still under way would be read as the next request."""
    problem.headers["Connection"] = "close"
    return problem
