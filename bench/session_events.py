"""Events of real shape for the session job: 1.2 kB, 5 % purchases, ten events a session on the average.

Few visitors make most events: the r-th has a number that goes with 1 / sqrt(r), Zipf's law with exponent 0.5.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator

from streams.events import Event, UserData, encode
from streams.settings import Settings
from tests.kafka import producer_of

IN_SESSION, PURCHASES, KNOWN = 10, 0.05, 0.03
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"
URL = "https://shop.example.com/products/outdoor/jackets/a-name-of-some-length-12345?colour=blue&size=m&ref=home"


def events(count: int, seed: int = 1) -> Iterator[Event]:
    rng, sessions = random.Random(seed), max(1, count // IN_SESSION)
    for number in range(count):
        yield event(number, f"visit-{int(sessions * rng.random() ** 2)}", rng)


def even(sessions: int, in_session: int, first: int = 0, seed: int = 1) -> Iterator[Event]:
    """In turns `in_session` events of each, none of which is a purchase. `first` is the number of the first."""
    rng = random.Random(seed)
    for number in range(sessions * in_session):
        yield event(first + number, f"visit-{number % sessions}", rng, purchases=0)


def event(number: int, session_id: str, rng: random.Random, purchases: float = PURCHASES) -> Event:
    """A purchase brings who it is; so does now and then an event before it."""
    bought = rng.random() < purchases
    known = bought or rng.random() < KNOWN
    items = [{"id": f"{(number + n) % 5_000:06d}", "quantity": 1, "item_price": 12.5} for n in range(5)]
    person = hashlib.sha256(session_id.encode()).hexdigest() if known else ""
    return Event(
        event_id=f"{number:036d}",
        event_name="Purchase" if bought else "ViewContent",
        event_time_ms=1_700_000_000_000 + number,
        tenant="default",
        session_id=session_id,
        event_source_url=URL,
        referrer_url=URL,
        user=UserData(
            client_ip="192.0.2.1",
            client_user_agent=AGENT,
            fbp="fb.1.1700000000000.1234567890",
            em=(person,) if known else (),
            external_id=(person,) if bought else (),
        ),
        custom_data={
            "value": 62.5,
            "currency": "EUR",
            "contents": items,
            "content_ids": [item["id"] for item in items],
            "content_type": "product",
            "content_name": "A jacket of some length",
            "content_category": "Outdoor > Jackets",
        },
    )


async def load(settings: Settings, made: Iterable[Event]) -> None:
    """Into the session workers' topic; all of it is there when this returns."""
    async with producer_of(settings, linger_ms=20, max_batch_size=1_000_000) as producer:
        for one in made:
            await producer.send(settings.topic("sessions.in"), encode(one), one.key)
