"""`capi quality`, with a ledger that answers by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from agents.asking import LedgerError
from agents.cli import load_verb
from agents.commands import quality
from streams.ledger.answers import Counts, Point, Quality, QualityRow, Rejects
from streams.ledger.queries import CountsOf, QualityOf, Query
from streams.settings import Settings

APP = typer.Typer()
APP.command()(quality.command)
ROW = QualityRow(
    tenant="shop",
    platform="meta",
    event_name="View\x1b[31m[bold]",
    events=10,
    own={"em": 5},
    backfilled={"em": 3},
    score_sum=50,
    scored=10,
    ages={"age_300": 10},
)


class FakeLedger:
    def __init__(self) -> None:
        self.queries: list[Query] = []
        self.rows: tuple[QualityRow, ...] = (ROW,)
        self.why = ""

    def asked(self, _: Settings, query: Query) -> Any:
        if self.why:
            raise LedgerError(self.why)
        self.queries.append(query)
        if isinstance(query, QualityOf):
            return Quality(rows=self.rows)
        return Counts(points=_points()) if isinstance(query, CountsOf) else Rejects()


def _points() -> tuple[Point, ...]:
    return (Point(at_ms=0, tenant="shop", counts={"events": 10, "enriched": 3}),)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> FakeLedger:
    made = FakeLedger()
    monkeypatch.setattr(quality, "asked", made.asked)
    monkeypatch.setenv("COLUMNS", "220")
    return made


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(APP, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def test_the_table_and_what_to_fix(ledger: FakeLedger) -> None:
    text = run("--tenant", "shop", "--since", "2h")
    for words in ("em 50% (+30%)", "3 of 10 events (30%)", "1. shop meta View", "raise the score"):
        assert words in text, words
    assert "\x1b[31m" not in text
    assert "[bold]" in text
    assert {query.tenants for query in ledger.queries} == {("shop",)}
    now, before = (query for query in ledger.queries if isinstance(query, QualityOf))
    assert now.until_ms - now.since_ms == before.until_ms - before.since_ms == 7_200_000


def test_several_pixels_of_a_platform_are_told_apart(ledger: FakeLedger) -> None:
    assert "pixel" not in run()
    ledger.rows = tuple(msgspec.structs.replace(ROW, pixel_id=pixel) for pixel in ("4711", "4712"))
    text = run()
    for words in ("pixel", "4711", "1. shop meta 4711 View", "2. shop meta 4712 View"):
        assert words in text, words


def test_json_has_the_same(ledger: FakeLedger) -> None:
    found = msgspec.json.decode(run("--json"))
    assert found["rows"][0]["score"] == 5.0
    assert found["advice"][0]["code"] == "missing_key"
    assert ledger.queries[0].tenants is None


def test_nothing_was_seen(ledger: FakeLedger) -> None:
    ledger.rows = ()
    assert "choose a longer --since" in run()


def test_no_ledger_is_a_problem_and_no_period_is_wrong_usage(ledger: FakeLedger) -> None:
    assert "is no period" in run("--since", "soon", code=2)
    ledger.why = "no ledger answers"
    assert "no ledger answers" in run(code=1)


def test_the_verb_is_known() -> None:
    assert load_verb("quality").name == "quality"
