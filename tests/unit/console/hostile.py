"""A console that is told hostile words wherever there is a word: made from the types, new fields too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec
import pytest
from msgspec import inspect

from agents.access.user_file import changing
from agents.access.users import Account
from agents.console import (
    destinations,
    pages_cluster,
    pages_dead,
    pages_overview,
    pages_people,
    pages_quality,
    people,
)
from agents.console.dead_letters import Look, Work
from agents.lag import Depth, Lag
from agents.quality_report import Own
from sinks.lane_switch import Pause
from sinks.parked.view import Group
from streams.session_view import SessionView
from tests.unit.console.desk import EMPTY, FakeDesk, FakeLedger, FakeSessions, fake_desk, password_hash

Made = TypeVar("Made")
# what a template, a script, an attribute or a terminal could take for its own
WORD = "<script>alert(1)</script>'\"`&<img src=x onerror=alert(2)>{{ 7 * 191 }}${7*191}{% raw %}"
WORD += "\x07\x1b[2J\u202e\u2066"
NUMBER = 1_795_000_000_000
NAME = WORD[:64].strip()  # of a user, as long as one may be


def made(kind: type[Made], word: str = WORD) -> Made:
    """A value whose every text is the word, every number a time in Unix ms, every list one long."""
    return cast(Made, _of(inspect.type_info(kind), word))


def _of(kind: inspect.Type, word: str) -> Any:
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            return cls(**{field.name: _of(field.type, word) for field in fields})
        case inspect.VarTupleType(item_type=item):
            return (_of(item, word),)
        case inspect.DictType(key_type=key, value_type=value):
            return {_of(key, word): _of(value, word)}
        case inspect.UnionType(types=types):
            return _of(types[0], word)
        case inspect.LiteralType(values=values):
            return values[0]
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return NUMBER
        case inspect.FloatType():
            return float(NUMBER)
        case inspect.StrType():
            return word
    raise AssertionError(f"say how to make {kind}")


def hostile_desk(folder: Path, word: str = WORD) -> FakeDesk:
    """With a user of that name, who may do everything."""
    desk = fake_desk(folder)
    with changing(desk.settings.console_users) as accounts:
        accounts[NAME] = Account("admin", password_hash())
    ledger, sessions = cast(FakeLedger, desk.ledger), cast(FakeSessions, desk.sessions)
    ledger.answers = {query: made(type(answer), word) for query, answer in EMPTY.items()}
    for name, value in vars(sessions).items():
        if isinstance(value, msgspec.Struct):
            setattr(sessions, name, made(type(value), word))
    sessions.view = made(SessionView, word)
    return desk


class Letters:
    """Parked jobs, and work that failed."""

    def __init__(self, word: str) -> None:
        self.work = Work(kind="replay", who=word, target=word, started_ms=1, ended_ms=2, there=2, why=word)
        group = Group(status=word, why=word, count=3, oldest_ms=1, newest_ms=2, pixels=Counter({word: 3}))
        job = {"platform": word, "pixel_id": word, "event_name": word, "event": {"event_id": word}}
        shown = ({"status": word, "job": job}, {"status": word, "job": None, "bytes": 3})
        self.seen = Look(at_ms=1, groups=(group,), jobs=shown, there=3, seen=3)

    async def look(self, *_: object) -> Look:
        return self.seen


class Told:
    """Answers the same to whatever is asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def get(self) -> Any:
        return self.answer

    async def of(self, *_: object) -> Any:
        return self.answer


class Standing:
    def __init__(self, word: str) -> None:
        lag = Lag(group=word, topic=word, partition=0, committed=1, end=2, lag=1, age_s=1.0)
        self.lag, self.queues = Told([lag]), Told([Depth(queue=word, ready=1, unacked=1)])


def hostile_others(monkeypatch: pytest.MonkeyPatch, word: str = WORD) -> None:
    """What pages ask beside the desk: RabbitMQ, Redis, Kafka and Meta."""
    letters, own, standing = Letters(word), Told((made(Own, word),)), Standing(word)

    async def pauses(_: object) -> tuple[dict[Any, Pause], str]:
        return {("meta", "1111111111"): made(Pause, word)}, word

    known = people.People()
    known.work = made(people.Work, word)
    monkeypatch.setattr(pages_dead, "dead_letters", lambda _: letters)
    monkeypatch.setattr(pages_people, "people_of", lambda _: known)
    monkeypatch.setattr(pages_quality, "own_qualities", lambda _: own)
    for page in (pages_overview, pages_cluster):
        monkeypatch.setattr(page, "standing", lambda _: standing)
    monkeypatch.setattr(destinations, "_pauses", pauses)
