"""What an operator writes as a reason is kept without the address of whom it is about."""

from __future__ import annotations

from sinks.notes import note_of
from sinks.parked.drop import DropParked
from streams.settings import load_settings

WHY = "ada@example.com (+49 30 901820) asked for it, token=EAAabcdefghijklmnopqrstuv"
SHOWN = "*** (***) asked for it, token=***"


def test_the_audit_keeps_it_redacted() -> None:
    assert note_of("ann", "flush", "default|visit-1", why=WHY).why == SHOWN


def test_so_do_the_outcomes_of_dropped_jobs() -> None:
    assert DropParked(load_settings(), WHY).why == SHOWN
