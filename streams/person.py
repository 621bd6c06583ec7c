"""Who a person is: the fields about somebody and not about a browser, and when two visits are two people's."""

from __future__ import annotations

from streams.events import Identity, UserField

PERSON_FIELDS: tuple[UserField, ...] = (
    *("em", "ph", "ph_e164", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "external_id"),
    *("city", "state", "country_code"),
)
ACCOUNT = "external_id"  # the shop's own word on who somebody is
CONTACTS = ("em", "ph", "ph_e164")  # without it: what two visits of one person share when both say it


def is_another_person(known: Identity, said: Identity) -> bool:
    """Whether what is said now is of someone else than what is known: a shared device, not a returning visitor.

    An account that both name decides, so that its owner may have a new e-mail address.
    """
    if known.get(ACCOUNT) and said.get(ACCOUNT):
        return _apart(known, said, ACCOUNT)
    return any(_apart(known, said, field) for field in CONTACTS)


def _apart(known: Identity, said: Identity, field: UserField) -> bool:
    return field in known and field in said and set(known[field]).isdisjoint(said[field])
