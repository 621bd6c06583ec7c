"""Messages with commands in them, as a page shows them."""

from __future__ import annotations

import pytest

from agents.console.shown import told


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("run `capi doctor`", "run <code>capi doctor</code>"),
        ("nothing", "nothing"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("one ` alone", "one <code> alone</code>"),
    ],
)
def test_commands_are_code_and_nothing_is_markup(text: str, html: str) -> None:
    assert told(text) == html
