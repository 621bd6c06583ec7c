"""What sessions and the memory of returning visitors say to each other."""

from __future__ import annotations

from streams.events.event import UserField
from streams.events.record import Record, session_key

Identity = dict[UserField, str | tuple[str, ...]]


class Visit(Record, frozen=True, tag="visit", tag_field="type"):
    """What a session tells the memory of one visitor, and what it wants to know.

    `visitor` is `external_id:<sha256>`, `fbp:<cookie>` or `ttp:<cookie>`. `identity` holds person fields to be
    remembered. With `asks`, a `Recalled` comes back to the session and carries `ask_id` back: an answer that
    was under way when the person changed or withdrew consent must not be taken for theirs. `replaces`: another
    person, what was known before goes. `forget`: consent was withdrawn, everything goes.
    """

    tenant: str
    visitor: str
    session_id: str
    identity: Identity = {}
    asks: bool = False
    ask_id: int = 0
    replaces: bool = False
    forget: bool = False

    @property
    def key(self) -> bytes:
        return f"{self.tenant}|{self.visitor}".encode()


class Recalled(Record, frozen=True, tag="recalled", tag_field="type"):
    """The memory's answer to a `Visit` that asks: all that is known of the visitor, empty when nothing is.

    `ask_id` is the visit's.
    """

    tenant: str
    visitor: str
    session_id: str
    ask_id: int
    identity: Identity = {}

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)
