"""What the demo sends and when: histories squeezed in time, with invented people (example.com). Pure.

Four weeks fit into less than half a minute: time runs `speed` times faster, each day of a visitor is a
session of its own and all days run side by side, and a pause that closes a session window (30 minutes or
more) lasts just long enough to close it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from agents.demo.histories import Action, History

IDLE_S, MAX_AGE_S, GRACE_S, MERGE_S = 1800, 14_400, 600, 240
PAUSE_S = 1.5 * IDLE_S  # how long a pause is replayed that was at least IDLE_S
EVENT_NAMES = {"clicks": "ViewContent", "carts": "AddToCart", "orders": "Purchase"}
FIRST_NAMES = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Niklaus", "Radia")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Planned(NamedTuple):
    """One event to send `at_s` seconds after the start. `raw` lacks only its timestamp."""

    at_s: float
    event_id: str
    session_id: str
    identified: bool  # brings an e-mail address itself
    raw: dict[str, Any]


class Visit(NamedTuple):
    """One day of one visitor: the demo's session."""

    visitor: int
    session_id: str
    actions: Sequence[Action]


def make_plan(histories: Sequence[History], speed: float, events: int) -> list[Planned]:
    """`events` events by time; the histories start again, as other visitors, when they are used up."""
    sessions = [*_enough(_visits(histories), events)]
    planned = [[*_session(visit, speed)] for visit in sessions]
    length_s = max(session[-1].at_s for session in planned)
    steps = (step for n, session in enumerate(planned) for step in _placed(session, n, length_s))
    return sorted(steps, key=lambda step: step.at_s)


def _visits(histories: Sequence[History]) -> Iterator[Visit]:
    for copy in count():
        for number, history in enumerate(histories):
            visitor = copy * len(histories) + number
            for day, actions in enumerate(history.days()):
                yield Visit(visitor, f"visitor-{visitor}.day-{day}", actions)


def _enough(visits: Iterator[Visit], events: int) -> Iterator[Visit]:
    while events > 0:
        visit = next(visits)
        yield visit._replace(actions=visit.actions[:events])
        events -= len(visit.actions)


def _session(visit: Visit, speed: float) -> Iterator[Planned]:
    at_s, previous = 0.0, visit.actions[0]
    for index, action in enumerate(visit.actions):
        gap_s = (action.ts - previous.ts) / 1000
        at_s += (gap_s if gap_s < IDLE_S else PAUSE_S) / speed
        previous = action
        event_id = f"{visit.session_id}.{index}"
        raw = _raw(visit, action, event_id)
        yield Planned(at_s, event_id, visit.session_id, "em" in raw["user_data"], raw)


def _placed(session: Sequence[Planned], number: int, length_s: float) -> Iterator[Planned]:
    # spread the starts over what is left, evenly and without chance: the golden ratio's multiples
    start_s = (length_s - session[-1].at_s) * (number * 0.618034 % 1)
    return (planned._replace(at_s=planned.at_s + start_s) for planned in session)


def _raw(visit: Visit, action: Action, event_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event_name": EVENT_NAMES[action.type],
        "session_id": visit.session_id,
        "event_source_url": f"https://shop.example.com/article/{action.aid}",
        "user_data": _browser(visit.visitor) | _person(visit.visitor, action),
        "custom_data": _article(action, event_id),
    }


def _browser(visitor: int) -> dict[str, Any]:
    """What every event of a browser carries."""
    return {
        "client_ip": f"198.51.100.{visitor % 254 + 1}",
        "client_user_agent": AGENT,
        "fbp": f"fb.1.1754000000000.{1_000_000_000 + visitor}",
        "ttp": f"demo-ttp-{visitor}",
    }


def _person(visitor: int, action: Action) -> dict[str, Any]:
    """Nothing at a click, a login at a cart, a whole address at an order."""
    if action.type == "clicks":
        return {}
    login = {"em": f"visitor{visitor}@example.com", "external_id": f"customer-{visitor}"}
    if action.type == "carts":
        return login
    address = {"ct": "New York", "st": "NY", "zp": "10001", "country": "US"}
    names = {"fn": FIRST_NAMES[visitor % len(FIRST_NAMES)], "ln": "Example"}
    return login | address | names | {"ph": f"+1 202 555 01{visitor % 100:02}"}


def _article(action: Action, event_id: str) -> dict[str, Any]:
    price = round(5 + action.aid % 9_500 / 100, 2)
    order = {"order_id": f"order-{event_id}"} if action.type == "orders" else {}
    return {
        "value": price,
        "currency": "USD",
        "content_type": "product",
        "content_ids": [str(action.aid)],
        "contents": [{"id": str(action.aid), "quantity": 1, "item_price": price}],
        **order,
    }
