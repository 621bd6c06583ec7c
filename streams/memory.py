"""What a session tells the memory of returning visitors, asks of it, and takes from it.

A visitor is `external_id:<sha256>`, `fbp:<cookie>` or `ttp:<cookie>`; one session may know all three.

| a session learns       | to the memory                                    | waits for an answer |
|------------------------|--------------------------------------------------|---------------------|
| fbp                    | asks fbp                                         | yes                 |
| em                     | teaches fbp: em                                  |                     |
| external_id            | asks and teaches external_id: both; teaches fbp  | yes                 |
| that it is someone else| asks external_id; fbp, ttp: replaced             | for external_id     |
| that consent is denied | forgets all three                                | no                  |

What was recalled is kept apart and never taught back: the memory must not prolong itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256

import msgspec

from streams.effects import Arrival, Told
from streams.events import Event, Recalled, UserField, Visit
from streams.person import PERSON_FIELDS, is_another_person
from streams.session_state import Known, Recall, Session

VISITOR_KINDS = ("external_id", "fbp", "ttp")  # the strongest first
MOST_FORGOTTEN = 8

Identity = Mapping[UserField, Known]


def converse(arrival: Arrival, session: Session, news: Collection[UserField]) -> tuple[Session, tuple[Told, ...]]:
    """What the memory is told and asked when `news` are the fields that `session` has just learnt."""
    visitors = _visitors(session.identity)
    if not visitors:
        return session, ()
    recall = _asking(arrival, session.recall or Recall(), visitors)
    asks = "" if recall is session.recall or not recall.waits else recall.visitor
    person = {field: session.identity[field].value for field in PERSON_FIELDS if field in session.identity}
    learnt = {field: value for field, value in person.items() if field in news}
    told = []
    for kind, visitor in visitors.items():
        lesson = person if kind in news else learnt
        replaces = recall.replaced and kind in news and kind != "external_id"
        if lesson or replaces or visitor == asks:
            visit = Visit(
                tenant=arrival.event.tenant,
                visitor=visitor,
                session_id=arrival.event.session_id,
                identity=lesson,
                asks=visitor == asks,
                ask_id=recall.ask_id if visitor == asks else 0,
                replaces=replaces,
            )
            told.append(Told(visit))
    return msgspec.structs.replace(session, recall=recall, forgotten=()), tuple(told)


def _asking(arrival: Arrival, recall: Recall, visitors: Mapping[str, str]) -> Recall:
    """Ask by the strongest kind, once; after someone else's login not by what is the browser's."""
    kind, visitor = next(iter(visitors.items()))
    asked = recall.visitor.partition(":")[0]
    stronger = not asked or VISITOR_KINDS.index(kind) < VISITOR_KINDS.index(asked)
    if not stronger or (recall.replaced and kind != "external_id"):
        return recall
    ask_id = recall.ask_id if recall.waits else arrival.offset  # an answer to the weaker question still counts
    return Recall(ask_id, visitor, arrival.at_ms, True, recall.replaced)


def listen(session: Session, recalled: Recalled) -> Session:
    """Keep what the memory answered; the same session when it was not asked, or not by this person."""
    recall = session.recall
    if recall is None or not recall.waits or recalled.ask_id != recall.ask_id:
        return session
    source = f"visitor:{recalled.visitor.partition(':')[0]}"
    heard = {
        field: Known(recalled.identity[field], source) for field in PERSON_FIELDS if recalled.identity.get(field)
    }
    recall = msgspec.structs.replace(recall, waits=recalled.visitor != recall.visitor)
    return msgspec.structs.replace(session, recalled=heard or session.recalled, recall=recall)


def with_recalled(identity: Identity, recalled: Identity) -> Identity:
    """All that is known of somebody; of earlier visits nothing when they were of somebody else."""
    if not recalled or is_another_person(_values(recalled), _values(identity)):
        return identity
    return {**recalled, **identity}


def _values(identity: Identity) -> dict[UserField, str | tuple[str, ...]]:
    return {field: known.value for field, known in identity.items()}


def forgetting(session: Session, event: Event) -> tuple[Session, tuple[Told, ...]]:
    """Consent is withdrawn: every visitor that the session or the event names is forgotten, each once."""
    named = {*_visitors(session.identity).values(), *_named(event)}
    news = {_digest(visitor): visitor for visitor in sorted(named)}
    news = {digest: visitor for digest, visitor in news.items() if digest not in session.forgotten}
    told = tuple(
        Told(Visit(tenant=event.tenant, visitor=visitor, session_id=event.session_id, forget=True))
        for visitor in news.values()
    )
    return msgspec.structs.replace(session, forgotten=(*session.forgotten, *news)[-MOST_FORGOTTEN:]), told


def _visitors(identity: Identity) -> dict[str, str]:
    """Kind -> visitor, the strongest first. Of several external ids the first."""
    return {
        kind: f"{kind}:{value if isinstance(value := identity[kind].value, str) else value[0]}"
        for kind in VISITOR_KINDS
        if kind in identity
    }


def _named(event: Event) -> Iterator[str]:
    user = event.user
    named: Iterable[tuple[str, str]] = (
        *(("external_id", value) for value in user.external_id),
        ("fbp", user.fbp),
        ("ttp", user.ttp),
    )
    return (f"{kind}:{value}" for kind, value in named if value)


def _digest(visitor: str) -> str:
    return sha256(visitor.encode()).hexdigest()[:16]
