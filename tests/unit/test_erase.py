"""`capi erase`: what it asks for, and what it never shows."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest

from agents.cli import main
from agents.commands import erase as verb
from agents.erase_held import Held
from sinks.erasures import ErasureError, Sent
from sinks.forgetting import Forgotten
from streams.events import Erase
from streams.settings import Settings

TENANTS = '[tenants.shop]\ndefault_country = "DE"\n'
EM = sha256(b"ada@example.com").hexdigest()


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Shell:
    """Runs `capi erase` in this process; `asked` is what it would have sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._patch, self._capsys = monkeypatch, capsys
        self.asked: list[Erase] = []
        tenants = folder / "tenants.toml"
        tenants.write_text(TENANTS)
        monkeypatch.setenv("CAPI_TENANTS", str(tenants))
        self.found, self.problems = (
            Forgotten(sent=[Sent("capi.sessions.in", 1, 7)], events=2, memories=3, parked=4),
            [""],
        )
        self.held = Held(5, 0)
        monkeypatch.setattr(verb, "_forget", self._forget)

    async def _forget(
        self, settings: Settings, erasures: Sequence[Erase], wait_s: float
    ) -> tuple[Forgotten, Held, list[str]]:
        self.asked += erasures
        return self.found, self.held, self.problems

    def erase(self, *arguments: str, stdin: str = "", yes: bool = True) -> tuple[int, str]:
        """Exit code, and all that was printed."""
        self._patch.setattr(
            sys, "argv", ["capi", "erase", "--tenant", "shop", *arguments, *(["--yes"] if yes else [])]
        )
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out + err

    def people(self) -> dict[str, str]:
        assert {erase.tenant for erase in self.asked} <= {"shop"}
        return {erase.field: erase.digest for erase in self.asked}


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    return Shell(monkeypatch, capsys, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--email", " Ada@Example.com"], {"em": EM}),
        (["--email", EM.upper()], {"em": EM}),
        (["--external-id", "Customer-7"], {"external_id": hashed("Customer-7")}),
        (["--phone", "030 901820"], {"ph": hashed("4930901820"), "ph_e164": hashed("+4930901820")}),
        (
            ["--phone", "(650) 555-1212", "--country", "us"],
            {"ph": hashed("16505551212"), "ph_e164": hashed("+16505551212")},
        ),
        (["--field", "ph_e164", "--digest", EM.upper()], {"ph_e164": EM}),
    ],
)
def test_a_value_is_hashed_as_the_door_does_it_in_all_its_forms(
    shell: Shell, arguments: list[str], found: dict[str, str]
) -> None:
    code, said = shell.erase(*arguments)
    assert code == 0, said
    assert shell.people() == found


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_it_says_where_it_went_and_never_who_it_was(shell: Shell, more: list[str]) -> None:
    code, said = shell.erase("--email", "ada@example.com", *more)
    assert code == 0
    assert "memories" in said
    assert "ada" not in said.lower()
    assert EM not in said


def test_json_says_what_was_removed_where(shell: Shell) -> None:
    shell.problems = []
    _, said = shell.erase("--email", "ada@example.com", "--json")
    assert json.loads(said) == {
        "tenant": "shop",
        "fields": ["em"],
        "sent": [{"topic": "capi.sessions.in", "partition": 1, "offset": 7}],
        "removed": {"events": 2, "memories": 3, "parked": 4},
        "ledger": {"before": 5, "after": 0},
        "waits_for": [],
        "problems": [],
        "done": True,
    }


@pytest.mark.parametrize(
    ("held", "said"), [(Held(5, 0), "5 events before, 0 now"), (Held(), "does not answer"), (Held(5), "does not")]
)
def test_the_ledger_says_what_it_holds_or_that_it_does_not_answer(shell: Shell, held: Held, said: str) -> None:
    shell.held, shell.problems = held, []
    code, text = shell.erase("--email", "ada@example.com")
    assert code == 0
    assert said in text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Forgotten(sent=[], waits_for=["visitors"], parked=0), "role visitors"),
        (Forgotten(sent=[], parked=None), "not looked at"),
    ],
)
def test_what_is_not_done_is_said_and_is_a_problem(shell: Shell, found: Forgotten, said: str) -> None:
    shell.found = found
    code, text = shell.erase("--email", "ada@example.com")
    assert code == 1
    assert said in text


def test_a_dash_reads_the_value_from_stdin(shell: Shell) -> None:
    assert shell.erase("--email", "-", stdin="ada@example.com\n")[0] == 0
    assert shell.people() == {"em": EM}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--email", "hidden-word"],
        ["--email", "hidden-word@example.com", "--phone", "+1 650 555 1212"],
        ["--field", "fn", "--digest", EM],
        ["--field", "em", "--digest", "hidden-word"],
        ["--field", "em"],
        ["--email", "hidden-word@example.com", "--tenant", "nobody"],
        ["--phone", "030 901820", "--country", "hidden-word"],
    ],
)
def test_what_names_nobody_is_a_usage_error_that_shows_no_value(shell: Shell, arguments: list[str]) -> None:
    code, said = shell.erase(*arguments)
    assert code == 2
    assert "hidden-word" not in said
    assert shell.asked == []


def test_without_a_terminal_it_has_to_be_told_yes(shell: Shell) -> None:
    code, said = shell.erase("--email", "ada@example.com", yes=False)
    assert (code, shell.asked) == (2, [])
    assert "--yes" in said


def test_kafka_that_did_not_take_it_is_a_problem(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> tuple[Forgotten, Held, list[str]]:
        raise ErasureError("run this again")

    monkeypatch.setattr(verb, "_forget", refuse)
    assert shell.erase("--email", "ada@example.com") == (1, "run this again\n")
