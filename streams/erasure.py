"""Erasure on request, in a session: does it hold somebody's data, and what is left of it afterwards."""

from __future__ import annotations

import msgspec

from streams.effects import Dropped
from streams.events import Erase
from streams.flush import remember
from streams.session_state import Session


def holds(session: Session, erase: Erase) -> bool:
    """Whether anything that the session keeps has the digest; in a held event in any of its fields."""
    known = (session.identity.get(erase.field), session.recalled.get(erase.field))
    if any(each is not None and erase.digest in each.value for each in known):
        return True
    digest = erase.digest.encode()
    return any(digest in bytes(held.raw) for held in session.held)


def erased(session: Session, tenant: str) -> tuple[Session, tuple[Dropped, ...]]:
    """Nothing that is held leaves, nobody is known any more; the ids stay, so that no repeat gets through."""
    dropped = tuple((held.offset, held.event_id) for held in session.held)
    session = msgspec.structs.replace(
        session, held=(), size=0, identity={}, clicks=(), recalled={}, recall=None, leaving=None
    )
    session = remember(session, [event_id for _, event_id in dropped])
    return session, (Dropped(tenant, dropped, "erased on request"),) if dropped else ()
