"""What the order of events makes certain about who is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.events import Batch
from tests.faults.plan import Planned


class Story:
    """Where each event stands, and who is known from when: by `order`, that of the sessions' log, in which a fault
    may have put one event of a visit behind a later one. What is not in it stands as it was planned."""

    def __init__(self, events: Mapping[str, Planned], order: Iterable[str] = ()) -> None:
        self._place = {event_id: place for place, event_id in enumerate(dict.fromkeys([*order, *events]))}
        self._named: dict[str, list[Planned]] = {}
        for event in events.values():
            if event.email:
                self._named.setdefault(event.session_id, []).append(event)

    def knows(self, batch: Batch) -> bool:
        """Whether the plan makes it certain that the e-mail was known at this flush.

        Certain is: an event of the batch brought it, or a login stands between the first and the last of
        them, so the window saw the login before it let these events go.
        """
        places = {self._place[e.event.event_id] for e in batch.events if e.event.event_id in self._place}
        return any(self._before(event, places) for event in self._named.get(batch.session_id, ()))

    def _before(self, event: Planned, places: set[int]) -> bool:
        place = self._place[event.event_id]
        login = event.event_name == "Identify" and bool(places)
        return place in places or (login and min(places) < place < max(places))
