"""Which event ids a session may know: sets beside the sessions, so that a duplicate is not looked for one by one.

A set holds every id that the session holds or remembers, and some that it has forgotten: it only ever says
"surely new" (:func:`streams.session.arrive` looks itself otherwise), so decisions stay those of the session alone,
whatever is kept here. Small sessions have none.
"""

from __future__ import annotations

from collections.abc import Container
from operator import attrgetter

from streams.session_state import Session

FEW = 16  # ids that are looked through faster than a set is kept
SPARE = 2  # times as many as the session knows, before forgotten ones are dropped

_event_id = attrgetter("event_id")


class KnownIds:
    """By key. `of` before an event, `keep` after it."""

    def __init__(self) -> None:
        self._sets: dict[bytes, set[str]] = {}

    def of(self, key: bytes, session: Session | None) -> Container[str] | None:
        """A set that holds all ids that `session` knows; None: look yourself."""
        if session is None or len(session.held) + len(session.seen) < FEW:
            return None
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = {*map(_event_id, session.held), *session.seen}
        return found

    def keep(self, key: bytes, session: Session | None, event_id: str = "") -> None:
        """`session` is what the key has become, with `event_id` if an event was taken."""
        found = self._sets.get(key)
        if found is None:
            return
        if session is None or len(found) > SPARE * (len(session.held) + len(session.seen)):
            del self._sets[key]
        else:
            found.add(event_id)

    def clear(self) -> None:
        self._sets.clear()
