"""Every line about an event, a batch or a job names tenant, session and event: read from the code itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.log import about
from tests.contract.jobs import job
from tests.workers import ROOT

LEVELS = ("debug", "info", "warning", "error", "exception")
WORDS = re.compile(r"\b(events?|batch(es)?|jobs?|post|orders?|purchases?|reject(s|ed)?)\b")
IDS = {"tenant", "session_id", "event_id"}
NAMING = ("about", "ids", "first", "what", "asdict", "summary")  # `**` of these: ids, or a reject's fields
# About a connection, a queue, a pixel, a walk over all jobs, or about what cannot be read. Add yours if it is so.
OF_NO_EVENT = {
    "stopped with jobs in hand; they go back to the queue",
    "parked what is no job",
    "this pixel takes events again",
    "this pixel's settings are refused: its jobs wait",
    "this pixel does not answer: its jobs wait",
    "Redis does not answer; taking batches without it",
    "the central site takes batches again",
    "a sweep of parked jobs ended in an error of ours",
}


class Line(NamedTuple):
    place: str
    says: str
    call: ast.Call

    @property
    def names_all(self) -> bool:
        given = {word.arg for word in self.call.keywords}
        starred = [ast.unparse(word.value) for word in self.call.keywords if word.arg is None]
        return given >= IDS or any(text.partition("(")[0].rpartition(".")[2] in NAMING for text in starred)


def lines(path: Path) -> Iterator[Line]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = node.func
        logs = isinstance(called, ast.Attribute) and called.attr in LEVELS and ast.unparse(called.value) == "log"
        if logs or (isinstance(called, ast.Name) and called.id in ("tell", "level")):
            place = f"{path.relative_to(ROOT)}:{node.lineno}"
            says = (part.value for part in node.args if isinstance(part, ast.Constant))
            yield Line(place, next((text for text in says if isinstance(text, str)), ""), node)


LINES = [
    line
    for folder in ("agents", "sinks", "streams")
    for path in sorted((ROOT / folder).rglob("*.py"))
    for line in lines(path)
]


def test_lines_about_events_batches_and_jobs_name_them() -> None:
    of_events = [line for line in LINES if WORDS.search(line.says) and line.says not in OF_NO_EVENT]
    assert len(of_events) >= 9, "the lines are found"
    assert [f"{line.place}: {line.says}" for line in of_events if not line.names_all] == []


def test_no_line_is_excused_that_does_not_exist() -> None:
    said = {node.value for line in LINES for node in ast.walk(line.call) if isinstance(node, ast.Constant)}
    written = "".join(path.read_text() for path in (ROOT / "sinks" / "deliver").glob("*.py"))
    assert [text for text in OF_NO_EVENT if text not in said and f'"{text}"' not in written] == []


def test_the_fields_of_an_event() -> None:
    event = job().event
    assert about(event) == {"tenant": "default", "session_id": event.session_id, "event_id": event.event_id}
