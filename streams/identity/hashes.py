"""SHA-256, and what already is a hash.

Sources: Meta "Customer Information Parameters" and TikTok "Events API 2.0: user object", read November 2026.
"""

from __future__ import annotations

import hashlib
import re

from streams.identity.values import Bad

HASH_OF_NOTHING = hashlib.sha256(b"").hexdigest()

# Meta's parameter builder appends "." and 8 characters to values that it hashed.
_HASHED = re.compile(r"([0-9a-fA-F]{64})(?:\.[A-Za-z0-9_-]{8})?")
_OTHER_HASH = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}")


def sha256_hex(text: str) -> str:
    """Lower-case hex SHA-256 of the UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def already_hashed(text: str) -> str | Bad | None:
    """The lower-case hash when the text is one, Bad when it is useless, None when the text is clear."""
    found = _HASHED.fullmatch(text)
    if found is None:
        return None
    digest = found[1].lower()
    return Bad("is the hash of an empty text") if digest == HASH_OF_NOTHING else digest


def is_other_hash(text: str) -> bool:
    """MD5 and SHA-1 have these lengths; both platforms refuse them and nothing can turn them into SHA-256."""
    return _OTHER_HASH.fullmatch(text) is not None
