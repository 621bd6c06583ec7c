"""The live view's address: everything in it comes back, and anything may stand in it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from agents.console.live_view import LiveView

FULL = LiveView(
    kinds=("delivered", "parked"),
    tenant="shop",
    platform="meta",
    event_name="Add to cart & more",
    text='"><script>',
    rows=50,
    paused=True,
)


def read(address: str) -> LiveView:
    return LiveView.of(MultiDict(parse_qsl(urlsplit(address).query)))


@pytest.mark.parametrize("view", [LiveView(), FULL])
def test_an_address_shows_the_same_view_again(view: LiveView) -> None:
    assert read(view.address()) == view


def test_an_address_with_a_change() -> None:
    assert LiveView().address() == "/live"
    assert LiveView().address(paused=True) == "/live?paused=1"
    assert read(FULL.address(paused=False)).paused is False
    assert "<" not in FULL.address()


def test_what_makes_no_sense_counts_as_not_given() -> None:
    assert read("/live?kind=all&platform=myspace&rows=100000&rows=1&paused=yes") == LiveView()


@given(st.lists(st.tuples(st.sampled_from(["kind", "tenant", "text", "rows", "paused", "x"]), st.text())))
def test_any_address_is_taken_and_bounded(pairs: list[tuple[str, str]]) -> None:
    view = LiveView.of(MultiDict(pairs))
    assert view.rows <= 200
    assert len(view.address()) < 10_000


def test_the_question_holds_the_scope_that_was_given_and_no_other() -> None:
    query = FULL.query(("other",))
    assert (query.tenants, query.tenant, query.limit) == (("other",), "shop", 50)
    assert query.kinds == ("delivered", "parked")
