"""`capi certs`: TLS between client sites and the central site's gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from agents.certs.folder import Folder, Written
from agents.certs.make import CertsError
from agents.changes import Json

app = typer.Typer(
    no_args_is_help=True,
    help="Make and renew certificates of gateway and sites. Example: capi certs bootstrap --host gw.example.com",
)
_SITE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOST = re.compile(r"[a-z0-9:][a-z0-9.:-]{0,252}")

Where = Annotated[Path, typer.Option("--dir", help="Folder of the CA; keep it at the central site, or offline.")]
Days = Annotated[int, typer.Option(min=1, max=825, help="How long certificates are valid.")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Name of a client site; may be repeated.")]
Hosts = Annotated[list[str], typer.Option("--host", help="Name or address of the gateway; may be repeated.")]
FOLDER = Path("certs")


@app.command()
def bootstrap(
    host: Hosts, site: Sites = None, where: Where = FOLDER, days: Days = 365, json: Json = False
) -> None:
    """Make a CA, the gateway's certificate, and one for each site named. Overwrites nothing.

    Example: capi certs bootstrap --host gateway.example.com --site berlin
    """
    _check(host, _HOST, "--host")
    _run(where, days, json, lambda folder: folder.bootstrap(host, _sites(site)))


@app.command()
def issue(site: Sites = None, where: Where = FOLDER, days: Days = 365, json: Json = False) -> None:
    """Make certificates for further sites. Overwrites nothing.

    Example: capi certs issue --site vienna
    """
    sites = _sites(site)
    if not sites:
        raise typer.BadParameter("name at least one site", param_hint="--site")
    _run(where, days, json, lambda folder: folder.issue(sites))


@app.command()
def rotate(
    site: Sites = None,
    server: Annotated[bool, typer.Option("--server", help="The gateway's own certificate.")] = False,
    where: Where = FOLDER,
    days: Days = 365,
    json: Json = False,
) -> None:
    """Replace certificates and keys by new ones for the same names. The CA stays, and so do connections.

    The collector reads its files anew on SIGHUP; a site's dispatch does so by itself.

    Example: capi certs rotate --server --site berlin
    """
    sites = _sites(site)
    if not sites and not server:
        raise typer.BadParameter("say which: --server, --site NAME, or both", param_hint="--site")
    _run(where, days, json, lambda folder: folder.rotate(sites, server))


def _sites(given: list[str] | None) -> list[str]:
    sites = list(dict.fromkeys(given or ()))
    _check(sites, _SITE, "--site")
    return sites


def _check(names: Sequence[str], pattern: re.Pattern[str], option: str) -> None:
    for name in names:
        if not pattern.fullmatch(name):
            raise typer.BadParameter(f"{name!r} cannot be one", param_hint=option)


def _run(where: Path, days: int, json: bool, act: Callable[[Folder], list[Written]]) -> None:
    try:
        made = act(Folder(where, datetime.now(UTC), days))
    except CertsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if json:
        typer.echo(msgspec.json.encode({"files": made}))
        return
    for file in made:
        secret = ", with its private key" if file.private else ""
        typer.echo(f"{file.path}: {file.subject}, valid until {file.expires[:10]}{secret}")
