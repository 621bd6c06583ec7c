"""`capi trace` and `capi tail` against a ledger that answers over HTTP: what is printed, and exit codes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from agents.access.passes import check
from agents.access.users import User
from agents.cli import load_verb
from streams.events import encode
from streams.ledger.answers import Answer, Cluster, Line, Recent, Traces
from streams.ledger.queries import ClusterOf, Query, RecentOf, TraceOf, decode_query
from streams.session_find import Found
from streams.settings import load_settings
from tests.unit.console.test_where_pages import HELD
from tests.unit.story.traces import delivered, purchase

LINE = Line(line_id="1", at_ms=1_764_072_000_000, kind="parked", tenant="shop", session_id="v", event_id="order-1")


class FakeLedger:
    """Answers `traces` and `batches` of lines, one batch a question; keeps the questions and who asked."""

    def __init__(self) -> None:
        self.traces = Traces(events=(purchase(delivered()),))
        self.batches: list[tuple[Line, ...]] = []
        self.queries: list[Query] = []
        self.passes: list[str] = []

    def answer(self, query: Query) -> Answer:
        self.queries.append(query)
        if isinstance(query, TraceOf):
            return self.traces
        if isinstance(query, RecentOf):
            return Recent(lines=self.batches.pop(0) if self.batches else ())
        assert isinstance(query, ClusterOf)
        return Cluster()


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLedger]:
    fake = FakeLedger()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fake.passes.append(self.headers["Authorization"])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(encode(fake.answer(decode_query(body))))

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("CAPI_SESSIONS_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CAPI_CONSOLE_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("CAPI_INTERNAL_SECRET", f"file:{tmp_path}/secret")
    yield fake
    server.shutdown()
    server.server_close()


def run(capfd: pytest.CaptureFixture[str], verb: str, *arguments: str) -> tuple[int, str, str]:
    code = 0
    try:
        load_verb(verb).main(list(arguments), standalone_mode=True)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, *capfd.readouterr()


def test_a_known_event_is_told_and_the_asker_has_a_pass(ledger: FakeLedger, capfd: Any) -> None:
    code, out, _ = run(capfd, "trace", "order-1")
    assert code == 0
    assert "Delivered to Meta 2.0 s after it happened." in out
    assert out.index("Browser copy fired") < out.index("Left its session") < out.index("Delivered to Meta", 50)
    user = check(load_settings(), ledger.passes[0], time.time())
    assert user is not None


def test_an_unknown_event_is_exit_1_and_says_where_to_look(ledger: FakeLedger, capfd: Any) -> None:
    ledger.traces = Traces()
    code, out, _ = run(capfd, "trace", "order-404")
    assert code == 1
    assert "Nobody knows order-404" in out


def test_a_held_event_is_told_with_its_session(
    ledger: FakeLedger, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    async def find(_: Any, user: User, event_id: str, tenant: str = "") -> Found:
        asked.append((event_id, tenant))
        return HELD

    monkeypatch.setattr("agents.commands.trace.SessionWorkers.find", find)
    monkeypatch.setenv("COLUMNS", "400")
    ledger.traces = Traces()
    code, out, err = run(capfd, "trace", "order-1", "--tenant", "shop")
    assert (code, err, asked) == (0, "", [("order-1", "shop")])
    assert "Held in session" in out and "leaves at" in out and "capi session show 'shop|" in out


def test_session_workers_that_are_away_are_said_and_the_ledger_is_told(ledger: FakeLedger, capfd: Any) -> None:
    code, out, err = run(capfd, "trace", "order-1")
    assert code == 0
    assert "Delivered to Meta" in out
    assert "No session worker answers" in err


def test_a_ledger_that_is_away_is_said_and_the_session_is_told(
    ledger: FakeLedger, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find(*_: Any) -> Found:
        return HELD

    monkeypatch.setattr("agents.commands.trace.SessionWorkers.find", find)
    monkeypatch.setenv("CAPI_CONSOLE_URL", "http://127.0.0.1:1")
    code, out, err = run(capfd, "trace", "order-1")
    assert code == 1
    assert "Held in session" in out and "Nobody knows" not in out
    assert err.startswith("What left its session cannot be told: no ledger answers")
    code, out, _ = run(capfd, "trace", "order-1", "--json")
    told = json.loads(out)
    assert (code, len(told["stories"]), told["missing"]) == (1, 1, [])
    assert "CAPI_CONSOLE_URL" in told["away"]


def test_a_trace_as_json(ledger: FakeLedger, capfd: Any) -> None:
    code, out, _ = run(capfd, "trace", "order-1", "--json", "--tenant", "shop")
    assert code == 0
    assert json.loads(out)["stories"][0]["tone"] == "ok"
    assert isinstance(ledger.queries[0], TraceOf)
    assert ledger.queries[0].tenants == ("shop",)


def test_ids_cannot_speak_to_the_terminal(ledger: FakeLedger, capfd: Any) -> None:
    ledger.traces = Traces(events=(purchase(delivered(), session_id="a\x1b[31m[red]b"),))
    _, out, _ = run(capfd, "trace", "order-1")
    assert "\x1b" not in out
    assert "[red]b" in out


@pytest.mark.parametrize("verb", [("trace", "order-1"), ("tail",)])
def test_a_console_that_is_away_is_exit_1(
    ledger: FakeLedger, capfd: Any, monkeypatch: pytest.MonkeyPatch, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("CAPI_CONSOLE_URL", "http://127.0.0.1:1")
    code, _, err = run(capfd, *verb)
    assert code == 1
    assert "CAPI_CONSOLE_URL" in err


def test_tail_prints_what_was_and_ends(ledger: FakeLedger, capfd: Any) -> None:
    ledger.batches = [(LINE, structs.replace(LINE, line_id="2", kind="delivered"))]
    code, out, _ = run(capfd, "tail", "--no-follow", "--kind", "parked", "--text", "order")
    assert code == 0
    assert [line.split()[2:4] for line in out.splitlines()] == [["parked", "order-1"], ["delivered", "order-1"]]
    (query,) = ledger.queries
    assert isinstance(query, RecentOf)
    assert (query.kinds, query.text) == (("parked",), "order")


def test_tail_follows_prints_each_line_once_and_ends_well_by_ctrl_c(
    ledger: FakeLedger, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = structs.replace(LINE, line_id="2", event_id="order-2", at_ms=LINE.at_ms + 5_000)
    ledger.batches = [(LINE,), (LINE, later), (LINE, later)]
    naps = iter([None, None])

    def nap(_: float) -> None:
        try:
            next(naps)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("agents.commands.tail.time.sleep", nap)
    code, out, _ = run(capfd, "tail", "--json")
    assert code == 0
    assert [json.loads(line)["event_id"] for line in out.splitlines()] == ["order-1", "order-2"]
    assert len(ledger.queries) == 3


def test_no_lines_of_before(ledger: FakeLedger, capfd: Any) -> None:
    ledger.batches = [(LINE,)]
    assert run(capfd, "tail", "--no-follow", "--lines", "0") == (0, "", "")


@pytest.mark.parametrize("arguments", [("--kind", "all"), ("--platform", "myspace"), ("--lines", "-1")])
def test_what_there_is_not_is_a_usage_error(ledger: FakeLedger, capfd: Any, arguments: tuple[str, ...]) -> None:
    code, _, _ = run(capfd, "tail", *arguments)
    assert (code, ledger.queries) == (2, [])
