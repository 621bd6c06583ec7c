"""The match score: nothing for nobody, full marks within reach, and never less for knowing more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.platforms.meta import user_data
from sinks.platforms.tiktok import user
from streams.events import USER_FIELDS, UserData
from streams.quality import score
from streams.quality.weights import WEIGHTS

PLATFORMS = st.sampled_from([*WEIGHTS, "a third one"])
LISTS = {field for field in USER_FIELDS if isinstance(getattr(UserData(), field), tuple)}
FIELDS = st.sampled_from(USER_FIELDS)
BROUGHT = {
    "ph": ("ph", "ph_e164"),
    "ct": ("ct", "city"),
    "st": ("st", "state"),
    "country": ("country", "country_code"),
}


def knowing(fields: set[str]) -> UserData:
    values: dict[str, Any] = {field: ("x",) if field in LISTS else "x" for field in fields}
    return UserData(**values)


@pytest.mark.parametrize("platform", [*WEIGHTS, "a third one"])
def test_nobody_scores_nothing_and_everything_full_marks(platform: str) -> None:
    assert score(UserData(), platform).value == 0
    assert score(knowing(set(USER_FIELDS)), platform) == (10, "", 0)


@given(st.sets(FIELDS), FIELDS, PLATFORMS)
def test_knowing_more_never_lowers_a_score(fields: set[str], more: str, platform: str) -> None:
    before, after = score(knowing(fields), platform), score(knowing(fields | {more}), platform)
    assert 0 <= before.value <= after.value <= 10


@given(st.sets(FIELDS), PLATFORMS)
def test_the_advice_gains_what_it_says_and_nothing_gains_more(fields: set[str], platform: str) -> None:
    value, advice, gain = score(knowing(fields), platform)
    if not advice:
        assert value == 10
        return
    added = {field for key in advice.split(" + ") for field in BROUGHT.get(key, (key,))}
    assert score(knowing(fields | added), platform).value == pytest.approx(value + gain)
    for field in USER_FIELDS:
        assert score(knowing(fields | {field}), platform).value <= value + gain + 1e-9


@pytest.mark.parametrize("platform", [*WEIGHTS])
def test_address_and_agent_count_together(platform: str) -> None:
    alone = [score(knowing({field}), platform).value for field in ("client_ip", "client_user_agent")]
    both = score(knowing({"client_ip", "client_user_agent"}), platform).value
    assert alone == [0, 0]
    assert both == 2
    full = knowing(set(USER_FIELDS) - {"client_ip", "client_user_agent", "em", "fbc", "ttclid", "ph", "ph_e164"})
    assert "client_ip" not in score(msgspec.structs.replace(full, client_ip="x"), platform).best_missing_key


@pytest.mark.parametrize("field", USER_FIELDS)
def test_only_what_a_platform_is_sent_counts_there(field: str) -> None:
    """Each key of a column, complete, makes that platform's request longer."""
    for platform, sent in (("meta", user_data), ("tiktok", user)):
        counts = any(field in keys for keys in WEIGHTS[platform])
        assert bool(sent(knowing({field}))) >= counts


def test_weights_are_of_fields_that_there_are() -> None:
    assert {field for column in WEIGHTS.values() for keys in column for field in keys} <= set(USER_FIELDS)
