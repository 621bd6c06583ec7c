"""Match keys: normalised as each vendor says, hashed, or dropped with a reason. Rules only: no clock, no I/O.

    normalise({"em": "Alice@Example.com", "ph": "oops"}, "US")
    -> UserData(em=("ff8d9819…",)), (Dropped("user_data.ph", "is not a phone number"),)

One idea a file: email, phone, names, birth, places, countries, clicks; `matching` hashes one value, `fields`
reads a whole `user_data`. Where vendors contradict each other: docs/platforms.md.
"""

from streams.identity.fields import RAW_FIELDS, normalise, read_fbclid
from streams.identity.matching import Match, match
from streams.identity.values import Bad, Dropped

__all__ = ["RAW_FIELDS", "Bad", "Dropped", "Match", "match", "normalise", "read_fbclid"]
