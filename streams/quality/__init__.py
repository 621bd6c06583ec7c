"""What an event is worth, said before it is sent: what a platform would refuse, and how well it will match.

The checks are shared; which of them a platform makes is in its own file in sinks/platforms. A check answers what
may be sent together with what is wrong, so that a request never holds what was warned about. Pure.
"""

from streams.quality.amounts import amount
from streams.quality.consents import consent
from streams.quality.currencies import ISO_4217
from streams.quality.items import items
from streams.quality.pages import browser, page
from streams.quality.people import enough_keys, person
from streams.quality.problems import Problem, refused, warning, warnings
from streams.quality.score import Score, score
from streams.quality.timing import DAY_MS, FUTURE_SLACK_MS, MAX_AGE_MS, event_time

__all__ = [
    "DAY_MS",
    "FUTURE_SLACK_MS",
    "ISO_4217",
    "MAX_AGE_MS",
    "Problem",
    "Score",
    "amount",
    "browser",
    "consent",
    "enough_keys",
    "event_time",
    "items",
    "page",
    "person",
    "refused",
    "score",
    "warning",
    "warnings",
]
