"""`capi users`: what it writes, says and exits with. A password comes from stdin and is seen nowhere."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from agents.access.user_file import changing
from agents.access.users import User, Users
from agents.commands import users

PASSWORD, OTHER = "correct horse battery staple", "another horse, another staple"
TENANTS = "[tenants.shop]\n[tenants.other]\n"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of users of a site with two tenants; argon2 with its least cost."""
    (tmp_path / "tenants.toml").write_text(TENANTS)
    monkeypatch.setenv("CAPI_TENANTS", str(tmp_path / "tenants.toml"))
    monkeypatch.setenv("CAPI_CONSOLE_USERS", str(tmp_path / "users.toml"))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "HASHER", cheap)
    return tmp_path / "users.toml"


def run(*arguments: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(users.app, list(arguments), input=stdin)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert PASSWORD not in done.output
    assert OTHER not in done.output
    return done


def added(name: str, *options: str) -> None:
    done = run("add", name, *options, stdin=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output


def test_who_is_added_can_log_in(site: Path) -> None:
    added("ada", "--role", "operator", "--tenant", "shop")
    added("bob@example", "--role", "admin")
    assert Users(site).check("ada", PASSWORD) == User("ada", "operator", ("shop",))
    assert Users(site).check("bob@example", PASSWORD) == User("bob@example", "admin")
    assert PASSWORD not in site.read_text()
    assert "$argon2id$" in site.read_text()
    assert site.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (("add", "a da"), PASSWORD, "is no name"),
        (("add", "-x"), PASSWORD, ""),
        (("add", "[users"), PASSWORD, "is no name"),
        (("add", "ada", "--role", "root"), PASSWORD, "viewer, marketer, operator, admin"),
        (("add", "ada", "--tenant", "nowhere"), PASSWORD, "not in the tenants file"),
        (("add", "ada"), "eleven char", "12 to 1024"),
        (("add", "ada"), "x" * 1_025, "12 to 1024"),
        (("add", "ada"), "", "12 to 1024"),
        (("add", "ada", PASSWORD), "", ""),
        (("add", "ada", "--password", PASSWORD), "", ""),
        (("passwd", "ada", PASSWORD), "", ""),
        (("passwd", "ada"), "short", "12 to 1024"),
        (("ls", "--what"), "", ""),
        (("rm",), "", ""),
    ],
)
def test_what_is_used_wrongly_changes_nothing(
    site: Path, arguments: tuple[str, ...], stdin: str, says: str
) -> None:
    done = CliRunner().invoke(users.app, list(arguments), input=stdin)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.replace("│", " ").split())
    assert not site.exists()


def test_no_command_takes_a_password_as_an_argument() -> None:
    commands = [one.callback for one in users.app.registered_commands if one.callback]
    assert {one.__name__ for one in commands} == {"add", "ls", "passwd", "rm"}
    taken = {name for one in commands for name in inspect.signature(one).parameters}
    assert taken == {"name", "role", "tenant", "no_password", "json"}


def test_a_name_is_given_once(site: Path) -> None:
    added("ada")
    before = site.read_text()
    done = run("add", "ada", "--role", "admin", stdin=OTHER)
    assert (done.exit_code, "passwd ada" in done.output) == (1, True)
    assert site.read_text() == before


def test_a_list_for_people_and_for_programs() -> None:
    assert "no users yet" in run("ls").output
    assert json.loads(run("ls", "--json").output) == {"users": []}
    added("bob")
    added("ada", "--role", "admin", "--tenant", "shop", "--tenant", "other", "--no-password")
    done = run("ls", "--json")
    assert done.exit_code == 0
    assert json.loads(done.output) == {
        "users": [
            {"name": "ada", "role": "admin", "tenants": ["shop", "other"], "password": False},
            {"name": "bob", "role": "viewer", "tenants": None, "password": True},
        ]
    }
    assert "argon2" not in done.output
    shown = run("ls").output
    assert "trusted proxy" in shown
    assert "argon2" not in shown


def test_a_new_password_is_the_only_one(site: Path) -> None:
    added("ada", "--tenant", "shop")
    known = Users(site)
    assert known.check("ada", PASSWORD)
    before = known.version("ada")
    done = run("passwd", "ada", stdin=f"{OTHER}\n")
    assert done.exit_code == 0
    assert known.check("ada", PASSWORD) is None
    assert known.check("ada", OTHER) == User("ada", "viewer", ("shop",))
    assert known.version("ada") != before


def test_who_is_removed_is_gone(site: Path) -> None:
    added("ada")
    added("bob")
    assert run("rm", "ada").exit_code == 0
    assert list(Users(site).accounts) == ["bob"]


@pytest.mark.parametrize("command", ["passwd", "rm"])
def test_nobody_can_be_changed_or_removed(command: str) -> None:
    added("bob")
    done = run(command, "ada", stdin=PASSWORD)
    assert (done.exit_code, "no user ada" in done.output) == (1, True)


@pytest.mark.parametrize("arguments", [("ls",), ("add", "ada"), ("passwd", "ada"), ("rm", "ada")])
def test_a_broken_file_is_said_and_left_alone(site: Path, arguments: tuple[str, ...]) -> None:
    site.write_text("[users.ada]\nrole = 'root'\n")
    done = run(*arguments, stdin=PASSWORD)
    assert (done.exit_code, "CAPI_CONSOLE_USERS" in done.output) == (1, True)
    assert "root" in site.read_text()


def test_a_change_that_fails_leaves_the_file_whole(site: Path) -> None:
    added("ada")
    before = site.read_text()
    with pytest.raises(RuntimeError), changing(site) as accounts:
        accounts.clear()
        raise RuntimeError
    assert site.read_text() == before
    assert {path.name for path in site.parent.iterdir()} == {"tenants.toml", "users.toml", "users.toml.lock"}
