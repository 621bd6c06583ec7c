"""What pages remember of Kafka and RabbitMQ: one waits only when nothing fresh is known, and not for long."""

from __future__ import annotations

import asyncio

import pytest

from agents.console import standing
from agents.console.standing import FRESH_S, STALE_S, Remembered
from agents.console.waiting import Behind, TopicBehind, Whole, behind, behind_by_topic, what_waits
from agents.lag import Depth, Lag
from sinks.offsets import OffsetsError
from streams.settings import load_settings


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


async def test_a_page_waits_for_a_silent_kafka_once_and_never_for_one_that_was_away(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    remembered = Remembered(slow)
    monkeypatch.setattr(standing, "PAGE_S", 0.01)
    assert await remembered.get() is None  # nobody lets it answer
    monkeypatch.setattr(standing, "PAGE_S", 3_600.0)
    clock.now_s = 3_600.0
    assert await remembered.get() is None  # the question is old, so its time is over
    slow.may.release()
    for _ in range(3):
        await asyncio.sleep(0)
    assert await remembered.get() == 1

    there = True

    async def sometimes() -> int:
        if there:
            return await slow()
        raise OffsetsError("Kafka does not answer")

    remembered = Remembered(sometimes)
    there = False
    assert await remembered.get() is None
    there, clock.now_s = True, clock.now_s + FRESH_S
    assert await remembered.get() is None  # asked, and not waited for
    slow.may.release()
    for _ in range(3):
        await asyncio.sleep(0)
    assert await remembered.get() == 2


async def test_what_grew_old_while_it_is_asked_is_not_shown(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    remembered = Remembered(slow)
    slow.may.release()
    assert await remembered.get() == 1
    monkeypatch.setattr(standing, "PAGE_S", 0.01)
    clock.now_s = STALE_S
    assert await remembered.get() is None


def lag(role: str, topic: str, partition: int, size: int, age_s: float | None = None, read: bool = True) -> Lag:
    end = 100 + size
    committed = 100 if read else None
    return Lag(
        group=f"ns-{role}",
        topic=f"ns.{topic}",
        partition=partition,
        committed=committed,
        end=end,
        lag=size if read else 0,
        age_s=age_s,
    )


ROWS = [
    lag("ledger", "batches", 0, 3, 4.0),
    lag("ledger", "batches", 1, 5, None),  # nobody found out in time
    lag("ledger", "rejects", 0, 0),
    lag("sessions", "sessions.in", 0, 2, 9.0),
    lag("visitors", "visitors.in", 0, 7, read=False),
]


def test_lag_is_added_up_by_role_and_by_topic_with_the_oldest_age() -> None:
    assert behind(ROWS, "ns") == [Behind("ledger", 8, 4.0), Behind("sessions", 2, 9.0)]
    assert behind_by_topic(ROWS, "ns") == [
        TopicBehind("ledger", "batches", 8, 4.0, 2, 2),
        TopicBehind("ledger", "rejects", 0, None, 0, 1),
        TopicBehind("sessions", "sessions.in", 2, 9.0, 1, 1),
        TopicBehind("visitors", "visitors.in", None, None, 0, 1),
    ]


def test_the_whole_site_s_lag_and_queues() -> None:
    queues = [Depth(queue="meta_queue", ready=3, unacked=1), Depth(queue="retry_1s", ready=5, unacked=0)]
    whole = Whole(4, behind(ROWS, "ns"), queues)
    assert (whole.lag_in_all, whole.queued) == (Behind("", 10, 9.0), 9)
    assert (Whole(4, [], []).lag_in_all, Whole(4, None, None).queued) == (None, None)


def test_each_queue_says_what_it_holds() -> None:
    settings = load_settings(retry_s=(300, 21_600))
    names = ("meta_queue", "tiktok_queue", "retry_300s", "retry_21600s", "capi_parked", "capi_unrouted", "other")
    assert [what_waits(name, settings) for name in names] == [
        "jobs for Meta",
        "jobs for TikTok",
        "jobs that are tried again after 5 min",
        "jobs that are tried again after 6 h",
        "jobs that were given up",
        "messages that no queue was bound for",
        "",
    ]
