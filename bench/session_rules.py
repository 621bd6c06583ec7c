"""How many events a CPU second the session rules decide, without Kafka.

    python -m bench.session_rules --events 100000

Visitors come as on a shop: few of them make most events (Zipf), 50 events a second, a tick every 5 s of log
time. Three loops over the same records: decode only; decode and decide; decode, decide and store (encode each
batch, and at the end of every run of 1,000 records the sessions that changed). CPU seconds, so that other work
on the machine counts little; the ratio to the decode-only loop says more than the rate, because machines differ.
"""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import typer

from streams.events import Event, Tick, UserData, decode_input, encode
from streams.session import Arrival, Flushed, Limits, Session, encode_session
from streams.windows import Windows

EVENTS_PER_S = 50
RUN_RECORDS = 1_000
TICK_MS = 5_000


class Row(NamedTuple):
    offset: int
    at_ms: int
    key: bytes
    raw: bytes


def visitors(count: int, rng: random.Random) -> Iterator[int]:
    """Zipf (exponent 1.1) over `count` visitors."""
    weights = [*itertools.accumulate(1 / (rank + 1) ** 1.1 for rank in range(count))]
    while True:
        yield from rng.choices(range(count), cum_weights=weights, k=10_000)


def event(number: int, visitor: int, at_ms: int, rng: random.Random) -> Event:
    """One of a hundred buys, one of twenty brings an e-mail address."""
    known = rng.random() < 0.05
    return Event(
        event_id=f"{number:032x}",
        event_name="Purchase" if rng.random() < 0.01 else "ViewContent",
        event_time_ms=at_ms,
        tenant="default",
        session_id=f"visitor-{visitor}",
        event_source_url="https://shop.example/p/1234",
        user=UserData(
            em=(f"{visitor:064x}",) if known else (),
            fbp=f"fb.1.1764000000000.{visitor}",
            client_ip="192.0.2.1",
            client_user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
        ),
        custom_data={"value": 12.5, "currency": "EUR", "content_ids": ["1234"], "content_type": "product"},
    )


def rows(events: int, rng: random.Random) -> list[Row]:
    made, next_tick_ms, offset = list[Row](), 0, 0
    for number, visitor in zip(range(events), visitors(max(10, events // 10), rng), strict=False):
        at_ms = number * 1000 // EVENTS_PER_S
        if at_ms >= next_tick_ms:
            made.append(Row(offset, at_ms, b"", encode(Tick())))
            next_tick_ms, offset = at_ms + TICK_MS, offset + 1
        came = event(number, visitor, at_ms, rng)
        made.append(Row(offset, at_ms, came.key, encode(came)))
        offset += 1
    return made


class Decide:
    """The loop of the session agent without its sinks; `stores` encodes what a commit would send."""

    def __init__(self, *, stores: bool, run_records: int = RUN_RECORDS) -> None:
        self.stores, self.run_records = stores, run_records
        self.table: dict[bytes, Session] = {}
        self.windows = Windows(self.table, lambda _: Limits())
        self.touched: set[bytes] = set()
        self.left, self.bytes_out, self.largest = 0, 0, 0

    def __call__(self, all_rows: list[Row]) -> None:
        for count, row in enumerate(all_rows):
            came = decode_input(row.raw)
            if isinstance(came, Tick):
                effects = self.windows.advance(0, row.at_ms)
            else:
                effects = self.windows.arrive(Arrival(row.key, 0, row.offset, row.at_ms, came, row.raw))
                self.touched.add(row.key)
            for effect in effects:
                if isinstance(effect, Flushed):
                    self.left += len(effect.batch.events)
                    self.bytes_out += len(encode(effect.batch)) if self.stores else 0
            if self.stores and count % self.run_records == self.run_records - 1:
                self.store()

    def store(self) -> None:
        for session in filter(None, map(self.table.get, self.touched)):
            self.largest = max(self.largest, len(session.held))
            self.bytes_out += len(encode_session(session))
        self.touched.clear()


def decode_only(all_rows: list[Row]) -> None:
    for row in all_rows:
        decode_input(row.raw)


def seconds(loop: Callable[[list[Row]], None], all_rows: list[Row]) -> float:
    start = time.process_time()
    loop(all_rows)
    return time.process_time() - start


def main(
    events: int = typer.Option(100_000, min=1_000, help="How many events."),
    seed: int = typer.Option(1, help="Seed of the visitors."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    all_rows = rows(events, random.Random(seed))
    decides, stores = Decide(stores=False), Decide(stores=True)
    base_s = min(seconds(decode_only, all_rows) for _ in range(3))
    took_s = {"decide": seconds(decides, all_rows), "decide and store": seconds(stores, all_rows)}
    found = {
        "events": events,
        "decode only, events/s": round(events / base_s),
        **{f"{name}, events/s": round(events / s) for name, s in took_s.items()},
        **{f"{name}, times decode only": round(s / base_s, 1) for name, s in took_s.items()},
        "sessions at the end": len(decides.table),
        "left in batches": decides.left,
        "most held by one session": stores.largest,
        "bytes out per event": round(stores.bytes_out / events),
    }
    lines = [json.dumps(found)] if as_json else [f"{name:32} {value:>12,}" for name, value in found.items()]
    typer.echo("\n".join(lines))


if __name__ == "__main__":
    typer.run(main)
