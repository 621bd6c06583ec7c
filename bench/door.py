"""How fast the door is: `python bench/door.py [--events 20000]`.

Prints CPU microseconds per event for typical events, and the ratio to the least that any door must do, which is
`json.loads` plus one SHA-256 per match key, in the same run. Visitors repeat with a Zipf-like law, as in a shop;
`new` means that every event brings a person not seen before, so that no cache helps.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence

from streams.door import Admitted, Origin, admit
from streams.tenants import parse_tenants

TENANTS = parse_tenants('[tenants.default]\ndefault_country = "US"\n')
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
ROUNDS = 5
WARM_UP_EVENTS = 5_000


def raw_event(visitor: int, number: int, *, email: bool, phone: bool) -> bytes:
    """One event of about 700 bytes; `visitor` decides the identity, `number` the event id."""
    user = {
        "client_ip": f"192.0.2.{visitor % 250}",
        "client_user_agent": AGENT,
        "fbp": f"fb.1.1794990000000.{visitor}",
        "external_id": f"user-{visitor}",
        "country": "us",
    }
    if email:
        user |= {"em": f"visitor{visitor}@example.com", "fn": f"Alice{visitor}", "ln": "Doe"}
    if phone:
        user["ph"] = f"(650) 555-{visitor % 10_000:04d}"
    event = {
        "event_name": "AddToCart",
        "event_id": f"event-{number}",
        "session_id": f"visit-{visitor}",
        "timestamp": 1_795_000_000 + number,
        "event_source_url": f"https://shop.example/products/{number % 500}?utm_source=newsletter",
        "user_data": user,
        "custom_data": {
            "value": 29.95,
            "currency": "EUR",
            "contents": [{"id": f"sku-{number % 500}", "quantity": 1, "item_price": 29.95}],
        },
        "browser_fired": ["meta"],
    }
    return json.dumps(event).encode()


def least(raw: bytes) -> None:
    """The floor: parse, and hash what is to be hashed."""
    for name, value in json.loads(raw)["user_data"].items():
        if not name.startswith(("client", "fbp")):
            hashlib.sha256(value.encode()).hexdigest()


def through(raw: bytes) -> None:
    answer = admit(raw, TENANTS, Origin("capi.events", 0, 0, 1_795_000_000_000))
    if not isinstance(answer, Admitted) or answer.dropped:
        raise SystemExit(f"the bench's own event did not pass: {answer}")


def best_us(work: Callable[[bytes], None], events: Sequence[bytes]) -> float:
    """CPU microseconds per event, the best of some rounds over fresh slices of the events."""
    size = len(events) // ROUNDS
    spent = []
    for turn in range(ROUNDS):
        part = events[turn * size : (turn + 1) * size]
        begun = time.process_time()
        for raw in part:
            work(raw)
        spent.append((time.process_time() - begun) / size * 1e6)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    count = parser.parse_args().events
    for number in range(WARM_UP_EVENTS):
        through(raw_event(9 * 10**6 + number % 100, number, email=True, phone=False))
    print(f"{'events':28} {'us/event':>9} {'events/s':>9} {'ratio to json+sha256':>21}")
    for label, shift, email, phone in (
        ("no person", 10**6, False, False),
        ("e-mail, known visitors", 0, True, False),
        ("e-mail, new", 2 * 10**6, True, False),
        ("e-mail and phone, known", 0, True, True),
        ("e-mail and phone, new", 3 * 10**6, True, True),
    ):
        visitors = range(count) if shift else [(number * number) % 997 for number in range(count)]
        events = [raw_event(shift + v, n, email=email, phone=phone) for n, v in enumerate(visitors)]
        floor, door = best_us(least, events), best_us(through, events)
        print(f"{label:28} {door:9.1f} {1e6 / door:9.0f} {door / floor:21.2f}")


if __name__ == "__main__":
    main()
