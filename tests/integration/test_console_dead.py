"""The console's looks at parked jobs and its replays and drops, on a real RabbitMQ."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from agents.console import dead_letters as module
from agents.console.dead_filter import DeadFilter
from agents.console.dead_letters import BusyError, DeadLetters, Work
from sinks.parked.messages import ParkedFilter
from sinks.rabbit import Message
from sinks.topology import QUEUE_PARKED
from streams.settings import Settings
from tests.integration.parked_jobs import EXPIRED, park, parked_message
from tests.integration.test_deliver import job
from tests.rabbit import TIKTOK, eventually, rabbit_settings, ready

pytestmark = pytest.mark.stack

ALL = ParkedFilter()


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with rabbit_settings(tmp_path) as made:
        yield made


async def parked_ten(settings: Settings) -> None:
    """Three of them are TikTok's and expired."""
    messages: list[Message] = [parked_message(job(n)) for n in range(7)]
    messages += [parked_message(job(n, platform="tiktok", pixel=TIKTOK), EXPIRED) for n in range(3)]
    await park(settings, messages)


class Audit:
    """What `ended` was told."""

    def __init__(self) -> None:
        self.results: list[str] = []

    async def __call__(self, work: Work) -> None:
        self.results.append(work.result)

    async def heard(self, result: str) -> None:
        await until(lambda: bool(self.results), "the result is told")
        assert self.results == [result]


async def until(holds: Callable[[], bool], what: str) -> None:
    async def asked() -> bool:
        return holds()

    await eventually(asked, 30, what)


async def lie(settings: Settings, number: int) -> None:
    async def there() -> bool:
        return await ready(settings, QUEUE_PARKED) == number

    await eventually(there, 30, f"{number} jobs are parked")


async def test_a_look_groups_and_changes_nothing_and_is_remembered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await parked_ten(settings)
    letters = DeadLetters(settings)
    look = await letters.look(ALL, single=2)
    assert sorted(group.count for group in look.groups) == [3, 7]
    assert (look.matched, look.there, look.partly, len(look.jobs)) == (10, 10, False, 2)
    await lie(settings, 10)
    monkeypatch.setattr(module, "Sweep", None)  # a second sweep would fail
    assert await letters.look(ALL, single=2) is look


async def test_a_look_is_bounded_in_number(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await parked_ten(settings)
    monkeypatch.setattr(module, "MOST_SEEN", 4)
    look = await DeadLetters(settings).look(ALL)
    assert (look.seen, look.partly, look.why) == (4, True, "")


async def test_a_look_is_bounded_in_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await parked_ten(settings)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    look = await DeadLetters(settings).look(ALL)
    assert (look.matched, look.why) == (0, "")
    await lie(settings, 10)


async def test_a_scope_shows_only_its_tenants(settings: Settings) -> None:
    await parked_ten(settings)
    await park(settings, [msgspec.structs.replace(parked_message(job(99)), body=b"no job")])
    letters = DeadLetters(settings)
    everybodys = DeadFilter().parked(None, 0)
    own, others = DeadFilter().parked((job(1).event.tenant,), 0), DeadFilter().parked(("other",), 0)
    asked = DeadFilter(tenant=job(1).event.tenant).parked(("other",), 0)
    found = []
    for wanted in (everybodys, own, others, asked):
        found.append((await letters.look(wanted)).matched)
        await lie(settings, 11)
    assert found == [11, 10, 0, 0]


async def test_a_replay_runs_in_the_background_alone_and_tells_its_result(settings: Settings) -> None:
    await parked_ten(settings)
    letters, audit = DeadLetters(settings), Audit()
    tiktoks = DeadFilter(platform="tiktok").parked(None, 0)
    work = Work(kind="replay", who="ada", target="", started_ms=1)
    letters.begin("replay", tiktoks, work, audit, limit=0, per_second=100)
    assert letters.busy
    with pytest.raises(BusyError):
        letters.begin("replay", tiktoks, work, audit, limit=0, per_second=100)
    assert "under way" in (await letters.look(ALL)).why
    await audit.heard("3 replayed")
    assert await ready(settings, "tiktok_queue") == 3
    assert (await letters.look(ALL)).matched == 7
    assert not letters.busy


async def test_a_failure_and_a_stop_are_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    await parked_ten(settings)
    letters, audit = DeadLetters(settings), Audit()
    monkeypatch.setattr(module, "why_not_look", lambda _: "no policy")
    letters.begin(
        "drop", ALL, Work(kind="drop", who="ada", target="", started_ms=1), audit, limit=0, why="test data"
    )
    await audit.heard("0 dropped, then it failed: no policy")
    monkeypatch.undo()
    slow = Work(kind="replay", who="ada", target="", started_ms=1)
    letters.begin("replay", ALL, slow, audit, limit=0, per_second=1)
    await until(lambda: slow.done > 0, "the first job is done")
    assert letters._task
    letters._task.cancel()  # as asyncio does at the end of a process
    await asyncio.wait({letters._task}, timeout=10)
    assert "was stopped" in slow.why
    await lie(settings, 10 - slow.done)


async def test_an_error_of_ours_is_told_and_never_taken_for_the_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await parked_ten(settings)
    letters, audit = DeadLetters(settings), Audit()
    monkeypatch.setattr(module, "Sweep", None)
    work = Work(kind="replay", who="ada", target="", started_ms=1)
    letters.begin("replay", ALL, work, audit, limit=0, per_second=1)
    await audit.heard("0 replayed, then it failed: an error of ours, TypeError")
    assert not letters.busy
    await lie(settings, 10)
