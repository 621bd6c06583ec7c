"""Points inside collect and intake."""

from __future__ import annotations

from agents.intake.queue import TakenQueue
from sinks.records import RecordWriter
from tests.faults.matrix.dying.death import Death, die_after, point


@point("in Kafka, not answered")
def not_answered(death: Death) -> None:
    die_after(RecordWriter, "write", death, counts=lambda _, records: bool(records))


@point("taken, not in Kafka")
def taken(death: Death) -> None:
    die_after(TakenQueue, "take", death, counts=lambda batch, _: bool(batch.entries))
