"""Time and commands as data: what moves windows, and what people ask for."""

from __future__ import annotations

import msgspec

from streams.events.event import UserField
from streams.events.record import Record, session_key


class Tick(Record, frozen=True, tag="tick", tag_field="type"):
    """Time as data: the owner of a partition appends one every CAPI_TICK_S; its log time moves the windows."""

    worker: str = ""


class Erase(Record, frozen=True, tag="erase", tag_field="type"):
    """Forget a person: everything of `tenant` in which `field` of the user data has the value `digest`.

    `field` is a hashed field of UserData, `digest` the lower-case hex SHA-256 that the door made of it. Goes to
    every partition, because the key of what is to be erased is not known.
    """

    tenant: str
    field: UserField
    digest: str


class Erased(Record, frozen=True):
    """A person's tombstone: what left a session before its log time and holds them is not sent any more.

    `mark` is a digest of the digest (:mod:`streams.tombstones`), so this is no list of people.
    """

    tenant: str
    mark: str


class Flush(Record, frozen=True, tag="flush", tag_field="type"):
    """An operator's command: let one session's events go now, as if its window had closed. `by` says who."""

    tenant: str
    session_id: str
    by: str = ""

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Forget(Record, frozen=True, tag="forget", tag_field="type"):
    """An operator's command: drop what one session holds and what it knows. `by` says who.

    The memory of visitors and other sessions of the same person keep theirs: that is `Erase`.
    """

    tenant: str
    session_id: str
    by: str = ""

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


decode_erased = msgspec.json.Decoder(Erased).decode
