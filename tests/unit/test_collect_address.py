"""Whose address a request has, when proxies speak for others."""

from __future__ import annotations

import pytest

from agents.collect.address import client_address, networks

NONE, LOCAL = networks(()), networks(("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "wanted"),
    [
        ("198.51.100.7", ["203.0.113.9"], "198.51.100.7"),  # who speaks is no proxy of ours
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["192.0.2.66, 203.0.113.9"], "203.0.113.9"),  # the left one may be invented
        ("127.0.0.1", ["192.0.2.66", "203.0.113.9, 10.1.2.3"], "203.0.113.9"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1", ["203.0.113.9, nonsense, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9:51234"], "203.0.113.9"),
        ("127.0.0.1", ["[2001:db9::1]:443"], "2001:db9::1"),
        ("2001:db8::5", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("fe80::1%eth0", ["203.0.113.9"], "fe80::1"),
        (None, ["203.0.113.9"], ""),
    ],
)
def test_the_list_is_walked_from_the_right_while_the_speaker_is_trusted(
    peer: str | None, forwarded: list[str], wanted: str
) -> None:
    assert client_address(peer, forwarded, LOCAL) == wanted


def test_without_trusted_proxies_only_the_socket_counts() -> None:
    assert client_address("127.0.0.1", ["203.0.113.9"], NONE) == "127.0.0.1"
