"""What settings of several values are: comma separated in the environment."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    """The parts of a text; what is no text is left to pydantic."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        ip_network(text)
    return value


SPLIT = (NoDecode, BeforeValidator(_split))
Words = Annotated[tuple[str, ...], *SPLIT]
Networks = Annotated[tuple[str, ...], *SPLIT, AfterValidator(_networks)]
