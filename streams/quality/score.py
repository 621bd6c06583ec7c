"""How well a platform will find the person of an event, as far as that can be said before sending."""

from __future__ import annotations

from typing import NamedTuple

from streams.events import UserData
from streams.quality.weights import DEFAULT, WEIGHTS

FULL = 100  # tenths of a point
# Where a field of UserData comes from in the public event.
BROUGHT_BY = {"ph_e164": "ph", "city": "ct", "state": "st", "country_code": "country"}


class Score(NamedTuple):
    """`value` and `gain` in points, 0 to 10, one decimal. `best_missing_key` names the key of user_data that would
    raise the score most (`client_ip + client_user_agent` where two count together), "" at full marks; `gain` is by
    how much."""

    value: float
    best_missing_key: str = ""
    gain: float = 0.0


def score(user: UserData, platform: str) -> Score:
    """An estimate; the weights and where they come from are in :mod:`streams.quality.weights`."""
    present = missing = 0
    best: tuple[str, ...] = ()
    for keys, weight in WEIGHTS.get(platform, WEIGHTS[DEFAULT]).items():
        lacking = tuple(key for key in keys if not getattr(user, key))
        if not lacking:
            present += weight
        elif weight > missing:  # the first of equals, so that the same event gets the same advice
            best, missing = lacking, weight
    value = min(present, FULL)
    gain = min(present + missing, FULL) - value
    advice = " + ".join(BROUGHT_BY.get(key, key) for key in best) if gain else ""
    return Score(value / 10, advice, gain / 10)
