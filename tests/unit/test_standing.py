"""What the Overview remembers of Kafka and RabbitMQ: a page waits only when nothing fresh enough is known."""

from __future__ import annotations

import asyncio

import pytest

from agents.console import standing
from agents.console.standing import FRESH_S, STALE_S, Remembered
from sinks.offsets import OffsetsError


class Slow:
    """Answers 1, 2, 3, each when it is let; `asked` is how often it was."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = asyncio.Semaphore(0)

    async def __call__(self) -> int:
        self.asked += 1
        await self.may.acquire()
        return self.asked


class Clock:
    now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(standing, "time", made)
    return made


async def test_the_first_wait_and_all_of_them_for_one_question(clock: Clock) -> None:
    slow = Slow()
    remembered = Remembered(slow)
    slow.may.release()
    assert tuple(await asyncio.gather(remembered.get(), remembered.get())) == (1, 1)
    assert slow.asked == 1


async def test_what_is_a_little_old_is_given_at_once_and_asked_anew(clock: Clock) -> None:
    slow = Slow()
    remembered = Remembered(slow)
    slow.may.release()
    assert await remembered.get() == 1
    clock.now_s = FRESH_S
    assert await remembered.get() == 1  # although nobody lets it answer
    slow.may.release()
    for _ in range(3):  # turns of the loop
        await asyncio.sleep(0)
    assert await remembered.get() == 2
    assert slow.asked == 2


async def test_what_is_too_old_is_not_given(clock: Clock) -> None:
    slow = Slow()
    remembered = Remembered(slow)
    slow.may.release()
    assert await remembered.get() == 1
    clock.now_s = STALE_S
    slow.may.release()
    assert await remembered.get() == 2


async def test_nobody_knows(clock: Clock) -> None:
    async def away() -> int:
        raise OffsetsError("Kafka does not answer")

    assert await Remembered(away).get() is None
