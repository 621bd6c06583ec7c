"""The private parts of aiormq that sinks/rabbit/frames.py writes through are those it was written against."""

from __future__ import annotations

import hashlib
import inspect
from importlib.metadata import version

import pytest
from aiormq import abc, channel, connection

# aiormq 7.2.4
EXPECTED = {
    "Channel.basic_publish": (channel.Channel.basic_publish, "4c5c91a4d75be291"),
    "Channel._on_confirm_frame": (channel.Channel._on_confirm_frame, "0b1898e2d2b38ab1"),
    "Channel._confirm_delivery": (channel.Channel._confirm_delivery, "191bcd75b78f2ed1"),
    "Channel._on_return_frame": (channel.Channel._on_return_frame, "f5d69cc1abbbcd40"),
    "ChannelFrame": (abc.ChannelFrame, "7c04ade0aa2ebf7c"),
    "Connection.__handle_connection_blocked": (
        connection.Connection._Connection__handle_connection_blocked,  # type: ignore[attr-defined]
        "1415d4a70ff2de96",
    ),
    "Connection.__writer": (connection.Connection._Connection__writer, "056f3288feafdd41"),  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("name", EXPECTED)
def test_source_is_the_one_that_was_read(name: str) -> None:
    part, expected = EXPECTED[name]
    found = hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]
    assert found == expected, (
        f"aiormq's {name} is not the source that sinks/rabbit/frames.py was written against (now {found}). Read "
        "it, adapt `write` and `Tally`, run tests/integration/test_publish.py, then put the new hash here."
    )


def test_version_is_the_one_that_was_read() -> None:
    assert version("aiormq") == "7.2.4"
