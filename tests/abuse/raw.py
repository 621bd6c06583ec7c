"""Bytes on a socket, as no well-behaved client sends them, and the answers as they come back."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from typing import NamedTuple

QUIET_S = 3.0  # silence after which nothing more is expected of an open connection
HEAD = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r]*\r\n(.*?)\r\n\r\n", re.S)


class Door(NamedTuple):
    """Where something listens; `tls` to reach it by, None for plain HTTP."""

    name: str
    port: int
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"


class Told(NamedTuple):
    """What came back. `ended`: the server closed the connection."""

    data: bytes
    ended: bool
    after_s: float

    @property
    def statuses(self) -> list[int]:
        return [int(number) for number, _ in HEAD.findall(self.data)]


async def connect(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    name = "localhost" if door.tls else None
    return await asyncio.open_connection("127.0.0.1", door.port, ssl=door.tls, server_hostname=name)


async def tell(door: Door, *parts: bytes, quiet_s: float = QUIET_S) -> Told:
    """Send the parts; read until the server closes, or says nothing for `quiet_s`."""
    begun = time.monotonic()
    reader, writer = await connect(door)
    found, ended = b"", False
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while more := await asyncio.wait_for(reader.read(65_536), quiet_s):
            found += more
        ended = True
    except TimeoutError:
        pass
    except (ConnectionError, ssl.SSLError):
        ended = True
    finally:
        writer.transport.abort()
    return Told(found, ended, time.monotonic() - begun)


def request(method: str, path: str, *headers: str, body: bytes = b"", host: str = "a") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))
