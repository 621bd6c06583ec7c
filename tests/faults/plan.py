"""What a fault test feeds: a pure function of its seed, so that a failure can be repeated.

900 visits of Zipf sizes in two shops, a third of them by visitors who have another one, some with a login, some
with purchases, some sends twice, every event's own clock a little off. Who must be known on which event follows
from the plan (see tests.faults.verdict).
"""

from __future__ import annotations

import hashlib
import random
import zlib
from typing import Any

import msgspec

SHOPS = ("north", "south")  # north holds by session, south is adaptive
BROWSE = ("PageView", "ViewContent", "ViewContent", "AddToCart")
LOGIN_SHARE = 0.5  # of the visits with three events or more
PURCHASE_SHARE = 0.06
RETURNING_SHARE = 1 / 3  # of the visits: the visitor has another one, before, after or at the same time
TWICE_SHARE = 0.05
TWICE_WITHIN_S = 1.5
CLOCK_BEHIND_S = 45.0  # an event's own time is up to this much before it is sent: out of order in the session
FIRED_SHARE = 0.5
MAILBOX = "@example.com"  # ends every address of the plan, so it must be nowhere after the door
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One event: when it is sent (seconds after the start) and what it says. `email` may be ""."""

    event_id: str
    event_name: str
    shop: str
    session_id: str
    at_s: float
    behind_s: float
    email: str = ""
    fired: bool = False

    def raw(self, started_at_s: float) -> bytes:
        """The public event as a shop sends it; `started_at_s` is the Unix time of second 0."""
        return msgspec.json.encode(
            {
                "event_id": self.event_id,
                "event_name": self.event_name,
                "timestamp": int((started_at_s + self.at_s - self.behind_s) * 1000),
                "tenant": self.shop,
                "session_id": self.session_id,
                "event_source_url": f"https://{self.shop}.example.com/{self.event_name.lower()}",
                "user_data": self._user_data(),
                "custom_data": {"value": 19.5, "currency": "EUR", "order_id": self.event_id},
                "browser_fired": ["meta", "tiktok"] if self.fired else [],
            }
        )

    def _user_data(self) -> dict[str, Any]:
        digest = hashlib.sha256(visitor_of(self.session_id).encode()).digest()
        fbp = f"fb.1.1700000000000.{int.from_bytes(digest[:8])}"  # one of a kind over all runs of one site
        browser = {"client_ip": "192.0.2.7", "client_user_agent": BROWSER, "fbp": fbp}
        return browser | ({"em": self.email} if self.email else {})

    @property
    def key(self) -> bytes:
        return f"{self.shop}|{self.session_id}".encode()


class Plan(msgspec.Struct, frozen=True):
    """`sends` in the order of sending; an event that is sent twice is in it twice."""

    seed: int
    duration_s: float
    sends: tuple[Planned, ...]

    def events(self) -> dict[str, Planned]:
        """By id, in the order of their first send."""
        first: dict[str, Planned] = {}
        for planned in self.sends:
            first.setdefault(planned.event_id, planned)
        return first


def email_hash(session_id: str) -> str:
    """SHA-256 of the one person of a visit, as it must arrive."""
    return hashlib.sha256(email_of(session_id).encode()).hexdigest()


def email_of(session_id: str) -> str:
    return f"visitor-{visitor_of(session_id)}{MAILBOX}"


def visitor_of(session_id: str) -> str:
    """Whose visit it is: `s7-12.1` is one of visitor `s7-12`."""
    return session_id.partition(".")[0]


def make_plan(seed: int, events: int = 4_000, sessions: int = 900, duration_s: float = 110.0) -> Plan:
    """At least `events` different events (and some sent twice) in `sessions` visits over `duration_s`."""
    rng = random.Random(seed)
    visitors = max(1, round(sessions * (1 - RETURNING_SHARE)))
    visits = [
        visit
        for number, size in enumerate(_zipf_sizes(rng, events, sessions))
        for visit in _visit(rng, f"{seed}-{number % visitors}.{number // visitors}", size, duration_s)
    ]
    return Plan(seed, duration_s, tuple(sorted(visits, key=lambda planned: planned.at_s)))


def _zipf_sizes(rng: random.Random, events: int, sessions: int) -> list[int]:
    """Every visit has one event; the others fall to visit k with weight 1/k."""
    sizes = [1] * sessions
    weights = [1 / (rank + 1) for rank in range(sessions)]
    for chosen in rng.choices(range(sessions), weights, k=max(0, events - sessions)):
        sizes[chosen] += 1
    return sizes


def _visit(rng: random.Random, session_id: str, size: int, duration_s: float) -> list[Planned]:
    span_s = min(0.95 * duration_s, size * rng.uniform(0.3, 2.5))
    start_s = rng.uniform(0, duration_s - span_s)
    times = sorted(rng.uniform(start_s, start_s + span_s) for _ in range(size))
    login = rng.randrange(1, size) if size >= 3 and rng.random() < LOGIN_SHARE else -1
    shop = SHOPS[zlib.crc32(visitor_of(session_id).encode()) % len(SHOPS)]
    planned = [_event(rng, shop, session_id, index, at_s, index == login) for index, at_s in enumerate(times)]
    again = [_later(rng, event) for event in planned if rng.random() < TWICE_SHARE]
    return planned + again


def _event(rng: random.Random, shop: str, session_id: str, index: int, at_s: float, login: bool) -> Planned:
    bought = not login and rng.random() < PURCHASE_SHARE
    name = "Identify" if login else "Purchase" if bought else rng.choice(BROWSE)
    return Planned(
        event_id=f"e{session_id}-{index}",
        event_name=name,
        shop=shop,
        session_id=f"s{session_id}",
        at_s=round(at_s, 3),
        behind_s=round(rng.uniform(0, CLOCK_BEHIND_S), 3),
        email=email_of(f"s{session_id}") if login or bought else "",
        fired=rng.random() < FIRED_SHARE,
    )


def _later(rng: random.Random, planned: Planned) -> Planned:
    return msgspec.structs.replace(planned, at_s=planned.at_s + rng.uniform(0.01, TWICE_WITHIN_S))
