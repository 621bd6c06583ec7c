"""`capi users`: who may use the console."""

from __future__ import annotations

import re
import sys
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from agents.access.user_file import changing
from agents.access.users import HASHER, ROLES, Account, UsersError, read_accounts
from agents.changes import Json
from streams.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    help="Users of the console: add, list, change a password, remove. Example: capi users add ada --role admin",
)

SHORTEST, LONGEST = 12, 1_024  # characters of a password
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
Name = Annotated[str, typer.Argument(help="Who; letters, digits and . _ @ + - only.")]
RoleOption = Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}; each may do what those before it may.")]
TenantsOption = Annotated[
    list[str] | None, typer.Option("--tenant", help="Only this tenant; may be given several times. Default: all.")
]
NoPassword = Annotated[
    bool, typer.Option("--no-password", help="Comes by a trusted proxy only (CAPI_CONSOLE_USER_HEADER).")
]


@app.command()
def add(
    name: Name, role: RoleOption = "viewer", tenant: TenantsOption = None, no_password: NoPassword = False
) -> None:
    """Add a user. The password is asked for, or read from stdin: it is never an argument.

    Example: capi users add ada --role operator --tenant shop < password.txt
    """
    settings = load_settings()
    if not NAME.fullmatch(name):
        raise typer.BadParameter("is no name: letters, digits and . _ @ + - only, 64 at most")
    known = [one for one in ROLES if one == role]
    if not known:
        raise typer.BadParameter(f"choose from {', '.join(ROLES)}", param_hint="--role")
    if unknown := set(tenant or ()) - set(settings.tenant_map.tenants):
        raise typer.BadParameter(f"not in the tenants file: {', '.join(sorted(unknown))}", param_hint="--tenant")
    password = "" if no_password else HASHER.hash(_password())
    account = Account(role=known[0], password=password, tenants=tuple(tenant) if tenant else None)
    try:
        with changing(settings.console_users) as accounts:
            if name in accounts:
                _fail(f"there is a user {name} already: `capi users passwd {name}`, or rm and add")
            accounts[name] = account
    except UsersError as error:
        _fail(str(error))
    typer.echo(f"{name} is {role} of {', '.join(tenant) if tenant else 'all tenants'}. {_next(settings)}")


@app.command()
def ls(json: Json = False) -> None:
    """List the users. Example: capi users ls --json"""
    try:
        accounts = read_accounts(load_settings().console_users)
    except UsersError as error:
        _fail(str(error))
    rows = [
        {"name": name, "role": one.role, "tenants": one.tenants, "password": bool(one.password)}
        for name, one in sorted(accounts.items())
    ]
    if json:
        typer.echo(msgspec.json.encode({"users": rows}))
        return
    if not rows:
        typer.echo("There are no users yet: capi users add NAME --role admin")
        return
    table = Table("name", "role", "tenants", "logs in by")
    for name, one in sorted(accounts.items()):
        tenants = "all" if one.tenants is None else ", ".join(one.tenants)
        table.add_row(name, one.role, tenants, "password" if one.password else "trusted proxy")
    Console().print(table)


@app.command()
def passwd(name: Name) -> None:
    """Change a password; ends the user's logins. Example: capi users passwd ada"""
    settings, password = load_settings(), _password()
    try:
        with changing(settings.console_users) as accounts:
            if name not in accounts:
                _fail(f"there is no user {name}; see capi users ls")
            accounts[name] = msgspec.structs.replace(accounts[name], password=HASHER.hash(password))
    except UsersError as error:
        _fail(str(error))
    typer.echo(f"{name} has a new password; logins with the old one have ended.")


@app.command()
def rm(name: Name) -> None:
    """Remove a user; ends the user's logins. Example: capi users rm ada"""
    try:
        with changing(load_settings().console_users) as accounts:
            if accounts.pop(name, None) is None:
                _fail(f"there is no user {name}; see capi users ls")
    except UsersError as error:
        _fail(str(error))
    typer.echo(f"{name} is removed, and not logged in any more.")


def _password() -> str:
    """Asked for twice at a terminal, else the first line of stdin. Exit 2 when it is too short."""
    if sys.stdin.isatty():
        text = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        text = sys.stdin.readline(LONGEST + 2).rstrip("\r\n")
    if not SHORTEST <= len(text) <= LONGEST:
        raise typer.BadParameter(f"a password has {SHORTEST} to {LONGEST} characters")
    return text


def _next(settings: Settings) -> str:
    return f"Log in at {settings.console_url} (the role ledger serves it: capi run)."


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)
