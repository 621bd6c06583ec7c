"""The `capi` command as a user meets it: help, exit codes, and mistakes in the configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from pydantic import ValidationError

from agents.cli import VERBS, explain, main
from streams.settings import load_settings

ROOT = Path(__file__).parents[2]
NOTHING_RUNS = {
    "CAPI_KAFKA_URL": "kafka://127.0.0.1:1",
    "CAPI_RABBITMQ_URL": "amqp://guest:hidden-word@127.0.0.1:1/",
    "CAPI_RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:1",
    "CAPI_REDIS_URL": "redis://:hidden-word@127.0.0.1:1/0",
}


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Capi(Protocol):
    def __call__(self, *arguments: str, **env: str) -> Done: ...


@pytest.fixture
def capi(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Capi:
    """Runs the command in this process, with no settings but those given."""
    for name in [name for name in os.environ if name.startswith("CAPI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(ROOT)

    def run(*arguments: str, **env: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["capi", *arguments])
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        return Done(int(code or 0), *capsys.readouterr())

    return run


def test_help_lists_every_verb_without_importing_one() -> None:
    code = "import sys; sys.argv = ['capi', '--help']\nfrom agents.cli import main\ntry: main()\nfinally: "
    code += "print([m for m in sys.modules if m.startswith('agents.commands.') or m in ('aiokafka', 'faust')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout.rstrip().endswith("[]")
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", ["topics", "queues", "doctor", "run"])
def test_each_verb_has_help(capi: Capi, verb: str) -> None:
    done = capi(verb, "--help")
    assert done.code == 0
    assert f"capi {verb}" in done.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("capi era", ["erase"]),
        ("capi erase --ema", ["--email"]),
        ("capi dead repl", ["replay"]),
        ("capi dead replay --plat", ["--platform"]),
    ],
)
def test_the_shell_is_offered_verbs_and_their_options(capi: Capi, words: str, offered: list[str]) -> None:
    last = str(len(words.split()) - 1)
    done = capi(_CAPI_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=last)
    assert done.out.split() == offered


def test_an_unknown_verb_is_a_usage_error(capi: Capi) -> None:
    assert capi("nonsense").code == 2


def test_all_mistakes_in_the_settings_are_named_at_once_without_their_values(capi: Capi) -> None:
    done = capi("topics", "plan", CAPI_IDLE_S="hidden-word", CAPI_PARTITIONS="0")
    assert done.code == 2
    assert "CAPI_IDLE_S: " in done.err
    assert "CAPI_PARTITIONS: " in done.err
    assert "hidden-word" not in done.err


def test_a_missing_tenants_file_is_a_configuration_error(capi: Capi) -> None:
    done = capi("run", "--no-provision", CAPI_TENANTS="nowhere.toml")
    assert done.code == 2
    assert "nowhere.toml" in done.err


def test_unknown_roles_are_a_usage_error(capi: Capi) -> None:
    assert capi("run", "--roles", "nonsense").code == 2


@pytest.mark.parametrize("arguments", [("topics", "plan"), ("queues", "plan"), ("run",)])
def test_what_does_not_answer_is_a_problem_that_says_what_to_do(capi: Capi, arguments: tuple[str, ...]) -> None:
    done = capi(*arguments, **NOTHING_RUNS)
    assert done.code == 1
    assert "make up" in done.err
    assert "hidden-word" not in done.err
    assert "Traceback" not in done.err


def test_the_doctor_ends_in_time_when_everything_is_down_and_says_what_to_do(capi: Capi) -> None:
    started_s = time.monotonic()
    done = capi("doctor", "--json", **NOTHING_RUNS)
    assert time.monotonic() - started_s < 10
    assert done.code == 1
    assert "hidden-word" not in done.out + done.err
    checks = json.loads(done.out)["checks"]
    failed = {check["name"]: check["todo"] for check in checks if check["verdict"] == "failed"}
    assert {"kafka", "rabbitmq", "rabbitmq management", "redis"} <= set(failed)
    assert all(failed.values())


def test_the_doctor_reports_broken_settings_as_findings(capi: Capi) -> None:
    done = capi("doctor", "--json", CAPI_IDLE_S="0")
    assert done.code == 1
    assert [check["name"] for check in json.loads(done.out)["checks"]] == ["CAPI_IDLE_S"]


def test_explaining_names_the_variable() -> None:
    with pytest.raises(ValidationError) as caught:
        load_settings(retry_s=())
    assert explain(caught.value)[0].startswith("CAPI_RETRY_S: ")


def test_a_client_site_cannot_replay(capi: Capi) -> None:
    here = {"CAPI_GATEWAY_URL": "https://centre.example", "CAPI_GATEWAY_SITE": "berlin"}
    done = capi("replay", "--since", "6h", "--tenant", "default", **here)
    assert done.code == 2
    assert "docs/gateway.md" in done.err
