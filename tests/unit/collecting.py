"""What tests of the HTTP door share: a collector that listens, and a writer that keeps what it is given."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from agents.collect.events import events_part
from agents.collect.part import Part
from agents.collect.service import run_collect
from sinks.records import NotWrittenError, Writer
from streams.events import Event, Reject, decode_event, decode_reject
from streams.runs import Outgoing
from streams.settings import Settings, load_settings
from streams.signing import signed_headers
from tests.site import free_port

PAGE, KEY, OTHER_KEY, SIGNER = "https://shop.example", "pk_shop_12345678", "pk_other_12345678", "sk_backend"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
LEAST = {"event_name": "ViewContent", "session_id": "visit-1"}
TENANTS = f"""
[tenants.default]
[tenants.shop]
default_country = "US"
[[tenants.shop.keys]]
kind = "publishable"
id = "{KEY}"
origins = ["{PAGE}"]
[[tenants.shop.keys]]
kind = "secret"
id = "{SIGNER}"
secrets = ["env:NEXT_SECRET", "env:SHOP_SECRET"]
[tenants.other]
default_consent = "denied"
[[tenants.other.keys]]
kind = "publishable"
id = "{OTHER_KEY}"
origins = ["https://other.example"]
visitor_id = true
"""


class Kept:
    """Everything is durable at once; `broken` says that nothing is."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self.broken = ""
        self.why_not = ""

    def start(self) -> None: ...

    async def write(self, records: Sequence[Outgoing]) -> None:
        if self.broken:
            raise NotWrittenError(self.broken)
        self.records += records

    async def close(self) -> None: ...

    @property
    def events(self) -> list[Event]:
        return [decode_event(record.value or b"") for record in self.records if record.key]

    @property
    def rejects(self) -> list[Reject]:
        return [decode_reject(record.value or b"") for record in self.records if not record.key]


class Collector:
    """`client` asks it, as a browser on PAGE unless told otherwise."""

    def __init__(self, settings: Settings, kept: Kept, client: httpx.AsyncClient) -> None:
        self.settings, self.kept, self.client = settings, kept, client

    async def page(self, *events: Mapping[str, Any], key: str = KEY, **headers: str) -> httpx.Response:
        body = msgspec.json.encode({"key": key, "events": events})
        return await self.raw(body, **headers)

    async def raw(self, body: bytes, **headers: str) -> httpx.Response:
        """A page's request; `content_type` is written for Content-Type."""
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        usual = {"origin": PAGE, "user-agent": AGENT, "content-type": "text/plain"}
        return await self.client.post("/v1/events", content=body, headers=usual | own)

    async def server(self, body: object, **how: Any) -> httpx.Response:
        return await self.client.post("/v1/events", **signed(msgspec.json.encode(body), **how))


def signed(
    body: bytes, ident: str = "msg-1", from_now_s: float = 0, secret: str = SECRET, **headers: str
) -> dict[str, Any]:
    """The arguments of a signed POST."""
    own = signed_headers([secret], ident, int(time.time() + from_now_s), body)
    base = {"x-capi-key": SIGNER, "content-type": "application/json"}
    return {"content": body, "headers": base | own | {n.replace("_", "-"): v for n, v in headers.items()}}


def collect_settings(folder: Path, tenants: str = TENANTS, **overrides: Any) -> Settings:
    file = folder / "tenants.toml"
    file.write_text(tenants, "utf-8")
    return load_settings(**({"tenants": file, "collect_port": free_port(), "collect_health_port": 0} | overrides))


@asynccontextmanager
async def collecting(
    settings: Settings, kept: Kept | None = None, part_of: Callable[[Settings, Writer], Part] = events_part
) -> AsyncIterator[Collector]:
    """A collector in this loop. Its writer keeps."""
    stop, kept = asyncio.Event(), kept or Kept()
    serving = asyncio.create_task(run_collect(settings, [part_of(settings, kept)], stop))
    base = f"http://127.0.0.1:{settings.collect_port}"
    try:
        await reachable(settings.collect_port, lambda: not serving.done())
        async with httpx.AsyncClient(base_url=base, timeout=10, verify=False) as client:
            yield Collector(settings, kept, client)
    finally:
        stop.set()
        await serving


@contextmanager
def in_a_thread(serving: Callable[[], AbstractAsyncContextManager[Collector]]) -> Iterator[Collector]:
    """A collector with a loop of its own: schemathesis asks without one."""
    found: list[Collector] = []
    ready, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def serve() -> None:
        async with serving() as collector:
            found.append(collector)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


async def reachable(port: int, goes_on: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while goes_on():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return
