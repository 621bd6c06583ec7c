from __future__ import annotations

from sinks.deliver.watchdog import SILENT_S, Watchdog


def test_silence_with_messages_ready_is_tried_anew_and_then_given_up() -> None:
    dog = Watchdog()
    assert dog.look(5, True, 0, 0.0) == "fine"
    assert dog.look(5, True, 0, SILENT_S - 1) == "fine"
    assert dog.look(5, True, 0, SILENT_S) == "resubscribe"
    assert dog.look(5, True, 0, SILENT_S + 1) == "fine"
    assert dog.look(5, True, 0, 2 * SILENT_S) == "lost"


def test_after_subscribing_anew_worked_the_next_silence_starts_over() -> None:
    dog = Watchdog()
    dog.look(5, True, 0, 0.0)
    assert dog.look(5, True, 0, SILENT_S) == "resubscribe"
    assert dog.look(5, True, 7, SILENT_S + 1) == "fine"
    assert dog.look(5, True, 7, 2 * SILENT_S + 1) == "resubscribe"


def test_empty_full_or_unknown_is_no_silence() -> None:
    dog = Watchdog()
    dog.look(5, True, 0, 0.0)
    for now_s, (ready, room) in enumerate([(0, True), (5, False), (None, True)] * 40):
        assert dog.look(ready, room, 0, float(now_s)) == "fine"
