"""Crawlers are told from people, fast, and each tenant says what becomes of their events."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from crawlerdetect.providers.crawlers import data as crawlers
from hypothesis import given
from hypothesis import strategies as st

from streams.door import Admitted
from streams.events import Reject
from streams.robots import APPS, is_robot
from tests.unit.at_the_door import answer

DATA = Path(__file__).parents[1] / "data"
PEOPLE = (DATA / "agents_people.txt").read_text("utf-8").splitlines()
CRAWLERS = (DATA / "agents_crawlers.txt").read_text("utf-8").splitlines()
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SPIDER = "Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)"


def test_the_lists_are_long_enough_to_mean_something() -> None:
    assert len(set(PEOPLE)) >= 60 and len(set(CRAWLERS)) >= 40 and len(APPS) == 3


@pytest.mark.parametrize("agent", PEOPLE)
def test_no_person_is_called_a_robot(agent: str) -> None:
    assert not is_robot(agent)


@pytest.mark.parametrize("agent", CRAWLERS)
def test_every_crawler_is_seen(agent: str) -> None:
    assert is_robot(agent)


@pytest.mark.parametrize("agent", ["", " ", "Mozilla/5.0 " * 5_000])
def test_nothing_is_no_robot(agent: str) -> None:
    assert not is_robot(agent)


@given(st.text() | st.lists(st.sampled_from([*PEOPLE, *CRAWLERS, *crawlers]), max_size=3).map(" ".join))
def test_any_text_has_one_answer(agent: str) -> None:
    assert is_robot(agent) is is_robot(agent)


@pytest.mark.parametrize("text", ["a", "-_", "1.0 ", " ", "Java", "NewsBlur ", "Safari.", "(x; ", "Go 1 ", "0"])
def test_a_long_agent_costs_one_pass(text: str) -> None:
    """As crawlerdetect searches, 60,000 letters cost minutes, and a thousand 90 ms."""
    begun = time.process_time()
    for number in range(5):
        is_robot(str(number) + text * 60_000)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("agent", [GOOGLE, SPIDER, [GOOGLE], ["Mozilla/5.0", GOOGLE]])
def test_a_crawlers_event_is_rejected_with_what_to_do(agent: object) -> None:
    found = answer(tenant="shop", event_id="e-1", user_data={"client_user_agent": agent})
    assert isinstance(found, Reject)
    assert (found.reason, found.field) == ("robot", "user_data.client_user_agent")
    assert (found.tenant, found.event_id) == ("shop", "e-1") and "mark" in found.fix


@pytest.mark.parametrize("agent", [GOOGLE, SPIDER])
def test_or_marked_or_let_through(agent: str) -> None:
    marked = answer(tenant="marks", user_data={"client_user_agent": agent})
    through = answer(tenant="ignores", user_data={"client_user_agent": agent})
    assert isinstance(marked, Admitted) and marked.event.robot
    assert isinstance(through, Admitted) and not through.event.robot
    assert marked.event.user == through.event.user
    assert marked.event.user.client_user_agent == ("" if "@" in agent else agent)


@pytest.mark.parametrize("user", [None, {}, {"client_user_agent": None}, {"client_user_agent": 7}, "Googlebot"])
def test_without_an_agent_there_is_no_robot(user: object) -> None:
    found = answer(user_data=user)
    assert isinstance(found, Admitted) and not found.event.robot
