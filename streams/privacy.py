"""Personal data where it does not belong: e-mail addresses in free text, URL parameters named after people, ids
that are somebody's address or phone number."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote, urlsplit

from streams.identity.values import Bad

MAX_URL = 8_192

# Begins at the @, so that a long text costs one pass.
_EMAIL = re.compile(r"(?<=[^\s@/?&=#,;:<>\"'()])@[^\s@/?&=#,;:<>\"'()]+\.[^\s@/?&=#,;:<>\"'().\d]{2}")
_PERSONAL = re.compile(
    r"e[-_]?mail|first[-_]?name|last[-_]?name|full[-_]?name|birth|passw|phone(?:[-_]?(?:no|nr|num|number))?\]?$"
    r"|(?:^|[\[_.-])(?:em|ph|fn|ln|fname|lname|surname|tel|mobile|mail|dob)\]?$"
    r"|token\]?$|secret|api[-_]?key|(?:^|[\[_.-])jwt\]?$",  # what opens somebody's account
    re.IGNORECASE,
)
# What makes a URL worth a closer look. Most have none of it and pass untouched.
_SUSPICIOUS = re.compile(
    r"@|\uff20|%(?:25)*40"
    r"|[?&;#][^=&;#?]{0,64}(?:mail|phone|mobile|name|birth|passw|em|ph|fn|ln|tel|dob|token|secret|key|jwt)[^=&;#?]{0,64}=",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[A-Za-z0-9]{8,}={0,2}")  # an address has nothing that would need + or /
_PHONE = re.compile(r"(?:\+|%2B)\d[\d ().-]{6,}\d", re.IGNORECASE)
_SEPARATOR = re.compile(r"([?&;#])")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#]\S*")


def holds_email(text: str) -> bool:
    """Whether an e-mail address is in the text, also percent-encoded once or twice."""
    if "@" not in text and "%" not in text and "\uff20" not in text:
        return False
    return _EMAIL.search(unquote(unquote(text)).replace("\uff20", "@")) is not None


def hides_email(ident: str) -> bool:
    """Whether an id holds an e-mail address or is one in base64."""
    return holds_email(ident) or holds_email(_out_of_base64(ident))


def is_phone(ident: str) -> bool:
    """Whether an id is an international phone number. Mere digits are as often a shop's own number of a visit."""
    return _PHONE.fullmatch(ident) is not None


def _out_of_base64(text: str) -> str:
    """The printable ASCII text that was put into base64, "" when there is none."""
    if not _BASE64.fullmatch(text):
        return ""
    plain = text.rstrip("=")
    try:
        found = b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError:
        return ""
    return found.decode() if found.isascii() and b"@" in found else ""


def is_personal_name(name: str) -> bool:
    """Whether a key or parameter of this name holds a person's data, `email`, `billing[phone]`, `user_fn`, …,
    or what opens their account, `reset_token`."""
    return _PERSONAL.search(unquote(name)) is not None


def clean_url(url: str) -> tuple[str, bool] | Bad:
    """The absolute URL without parameters that hold personal data, and whether something had to go.

    When an e-mail address is in the path, only scheme and host are kept. Other bytes stay as they came.
    """
    if len(url) > MAX_URL or not _ABSOLUTE.fullmatch(url):
        return Bad("is not an absolute URL")
    if not _SUSPICIOUS.search(url):
        return url, False
    kept = _without_personal_parameters(url)
    if holds_email(kept):
        kept = _origin_of(kept)
    return (kept, kept != url) if kept else Bad("is not an absolute URL")


def _without_personal_parameters(url: str) -> str:
    """Splits at `?`, `&`, `;`, `#` and leaves out each part, with the sign before it, that has to go."""
    first, *rest = _SEPARATOR.split(url)
    pairs = [(sign, part) for sign, part in zip(rest[::2], rest[1::2], strict=True) if not _is_personal(part)]
    if pairs and pairs[0][0] in "&;" and "?" in rest:
        pairs[0] = ("?", pairs[0][1])
    return first + "".join(sign + part for sign, part in pairs)


def _is_personal(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return holds_email(parameter) or (bool(value) and is_personal_name(name))


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/" if host and not holds_email(host) else ""
