"""The parts of `capi collect`."""

from __future__ import annotations

from agents.collect.events import events_part
from agents.collect.part import Part
from streams.settings import Settings


def all_parts(settings: Settings) -> list[Part]:
    return [events_part(settings)]
