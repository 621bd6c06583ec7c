"""What a normaliser answers: a text, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Bad(NamedTuple):
    """A value that cannot be used. The reason never holds the value."""

    reason: str


class Dropped(NamedTuple):
    """One field, or one value of it, that was left out of an event. `field` is a JSON path made of known names
    only (`user_data.em`, `custom_data.*`), so that it may be counted by."""

    field: str
    reason: str


Normaliser = Callable[[str, str], str | Bad]
"""(text, region) -> normalised text. `text` has been through :func:`streams.identity.text.fold` and is not empty;
`region` is an ISO 3166 alpha-2 code in upper case, or ""."""
