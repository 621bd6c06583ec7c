"""SHA-256, and what already is a hash.

Sources: Meta "Customer Information Parameters" and TikTok "Events API 2.0: user object", read November 2026.
"""

from __future__ import annotations

import hashlib
import re

from streams.identity.values import Bad

HASH_OF_NOTHING = hashlib.sha256(b"").hexdigest()

# Meta's parameter builder appends "." and base64url of six bytes to what it hashed (format, language, what it did,
# version), or, in its older form, a language token (github.com/facebook/capi-param-builder, read November 2026).
_APPENDIX = r"(?:\.(?:[A-Za-z0-9_-]{8}|AQ|Ag|Aw|BA|BQ|Bg))?"
_HASHED = re.compile(rf"([0-9a-fA-F]{{64}}){_APPENDIX}")
_OTHER_HEX = re.compile(
    rf"(?:[0-9a-fA-F]{{32}}|[0-9a-fA-F]{{40}}|[0-9a-fA-F]{{56}}|[0-9a-fA-F]{{96}}|[0-9a-fA-F]{{128}}){_APPENDIX}"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{43}=")


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


def other_hash(text: str) -> Bad | None:
    """What looks like a hash that the platforms do not match by, and that nothing can turn into theirs."""
    if _OTHER_HEX.fullmatch(text):
        return Bad("looks like MD5, SHA-1 or another hash; the platforms match SHA-256 only")
    return Bad("looks like a hash in base64; it has to be in hex") if _BASE64.fullmatch(text) else None
