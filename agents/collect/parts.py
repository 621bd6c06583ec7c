"""The parts of `capi collect`."""

from __future__ import annotations

from agents.collect.batches import batches_part
from agents.collect.events import events_part
from agents.collect.part import Part
from agents.snippet.routes import routes
from sinks.records import RecordWriter
from streams.settings import Settings


def all_parts(settings: Settings) -> list[Part]:
    writer = RecordWriter(settings)
    return [events_part(settings, writer), batches_part(settings, writer), Part(routes(settings))]
