"""Settings: the session window."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from streams.settings.parts import SPLIT


class WindowSettings(BaseSettings):
    """The session window."""

    idle_s: float = Field(1800, gt=0, description="Inactivity gap after which a session window closes, seconds.")
    max_age_s: float = Field(14400, gt=0, description="Longest time an event is held, seconds.")
    grace_s: float = Field(
        600,
        gt=0,
        description="How long a closed marker remembers event ids after the inactivity gap, seconds.",
    )
    merge_s: float = Field(
        240,
        gt=0,
        description="Hold = adaptive: an event whose browser copy fired is released after this, seconds.",
    )
    recall_s: float = Field(
        5,
        gt=0,
        description="Longest time a flush event waits for the memory of a returning visitor, seconds.",
    )
    tick_s: float = Field(5, gt=0, description="Every how many seconds a partition's owner appends a tick.")
    max_events: int = Field(500, ge=1, description="A session window with this many events is flushed.")
    max_bytes: int = Field(
        # at most: twice as much, with a thousand remembered ids, would not fit one Kafka record of the changelog
        262_144,
        ge=1024,
        le=262_144,
        description="A session window of this size is flushed, bytes.",
    )
    flush_on: Annotated[frozenset[str], *SPLIT] = Field(
        frozenset({"Purchase"}),
        description="Event names that flush their session at once, comma separated; may be empty.",
    )
