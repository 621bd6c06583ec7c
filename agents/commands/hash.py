"""`capi hash`: what becomes of one value on its way to Meta and TikTok.

The answer is read off what the platforms' own builders make of the value, so it is what an event would send.
Nothing is sent, stored or logged; the clear value goes to stdout only.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.changes import Json
from sinks.platforms import meta, tiktok
from streams.events import UserData
from streams.identity import RAW_FIELDS, Bad, Dropped, Match, match, normalise, read_fbclid
from streams.identity.clicks import mint_fbc
from streams.identity.hashes import sha256_hex
from streams.identity.matching import NORMALISERS

FIELDS = (*RAW_FIELDS, "fbclid")
PLATFORMS = ("meta", "tiktok")
STDIN_BYTES = 8_192  # more than the longest value that is used

Forms = dict[str, str | None]  # by platform


class Answer(NamedTuple):
    """`normalized` without `sha256`: sent in the clear. The other way round: it came hashed. Neither: not sent."""

    normalized: Forms
    sha256: Forms
    dropped: str | None = None


def command(
    field: Annotated[str, typer.Argument(help=f"One of {', '.join(FIELDS)}.", show_default=False)],
    value: Annotated[
        str, typer.Argument(help="The raw value. With - it is read from stdin, past the shell's history.")
    ],
    country: Annotated[str, typer.Option(help="The person's own country, code or name; before --region.")] = "",
    region: Annotated[str, typer.Option(help="The tenant's default_country, two letters.")] = "",
    json: Json = False,
) -> None:
    """Show the normal form and the hash of one value, for Meta and for TikTok, or why it is dropped.

    Exit 0 when it is used, 1 when it is dropped, 2 when the field or an option is unknown.

    Example: capi hash ph '(650) 555-1212' --country US
    """
    if field not in FIELDS:
        raise typer.BadParameter(f"is none of {', '.join(FIELDS)}", param_hint="FIELD")
    own, default = _country(country, "--country"), _region(region)
    answer = examine(field, _stdin() if value == "-" else value, own or default, time.time_ns() // 1_000_000)
    if json:
        typer.echo(msgspec.json.encode({"field": field, **answer._asdict()}))
    else:
        _print(field, answer)
    raise typer.Exit(int(answer.dropped is not None))


def examine(field: str, text: str, region: str, now_ms: int) -> Answer:
    """`region` is an alpha-2 code in upper case or "". A click is taken as first seen at `now_ms`."""
    user, dropped = _read(field, text, region, now_ms)
    if dropped:
        return Answer(dict.fromkeys(PLATFORMS), dict.fromkeys(PLATFORMS), dropped[0].reason)
    answer = match(field, text, region) if field in NORMALISERS else Match(())
    clear = "" if isinstance(answer, Bad) else answer.clear
    pairs = {
        "meta": _pair(meta.user_data(user), meta.HASHED_KEYS, clear),
        "tiktok": _pair(tiktok.user(user), (*tiktok.USER_LISTS, *tiktok.USER_FIRST), clear),
    }
    return Answer(
        {name: text for name, (text, _) in pairs.items()}, {name: sha for name, (_, sha) in pairs.items()}
    )


def _read(field: str, text: str, region: str, now_ms: int) -> tuple[UserData, Sequence[Dropped]]:
    if field != "fbclid":
        return normalise({field: text}, region, now_ms)
    dropped: list[Dropped] = []
    click = read_fbclid(text, None, now_ms, dropped)
    return UserData(fbc=mint_fbc(click, now_ms)), dropped


def _pair(sent: Mapping[str, Any], hashed: Collection[str], clear: str) -> tuple[str | None, str | None]:
    """The text and the hash of the one key that a platform gets, if it gets any."""
    for key, values in sent.items():
        value = values if isinstance(values, str) else values[0]
        return (_text_of(value, clear), value) if key in hashed else (value, None)
    return None, None


def _text_of(digest: str, clear: str) -> str | None:
    """The form of a clear value that was hashed: of a phone, Meta's is without the plus."""
    return next((text for text in (clear, clear.removeprefix("+")) if sha256_hex(text) == digest), None)


def _stdin() -> str:
    return typer.get_binary_stream("stdin").read(STDIN_BYTES).decode(errors="surrogateescape").removesuffix("\n")


def _country(name: str, option: str) -> str:
    """Alpha-2 in upper case, of a code or a name; "" when none is given."""
    answer = match("country", name, "") if name else Match(())
    if isinstance(answer, Bad) or (name and not answer.clear):
        raise typer.BadParameter("is no country that is known here", param_hint=option)
    return answer.clear.upper()


def _region(code: str) -> str:
    """As the tenants file has it, in any case: `GB`, not `UK` or `Britain`."""
    if _country(code, "--region") != code.upper():
        raise typer.BadParameter("is no two-letter country code, such as GB", param_hint="--region")
    return code.upper()


def _print(field: str, answer: Answer) -> None:
    console = Console(highlight=False)
    if answer.dropped is not None:
        console.print(Text(f"{field} is dropped: {answer.dropped}", "red"))
        return
    table = Table.grid(padding=(0, 1), pad_edge=False)
    for column in range(3):
        table.add_column(overflow="fold", no_wrap=column < 2)
    for platform in PLATFORMS:
        text, digest = answer.normalized[platform], answer.sha256[platform]
        table.add_row(platform, "normal", _cell(text, "it came hashed" if digest else "not sent"))
        table.add_row("", "sha256", _cell(digest, "sent in the clear" if text else "not sent"))
    console.print(table)


def _cell(text: str | None, else_why: str) -> Text:
    return Text(else_why, "dim") if text is None else Text(text)
