"""Whose address a request has: the socket's, or what trusted proxies say of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Raises ValueError for what is no address and no network."""
    return tuple(ip_network(text) for text in texts)


def client_address(peer: str | None, forwarded: Iterable[str], trusted: tuple[Network, ...]) -> str:
    """The address of the visitor, "" when it cannot be told.

    `forwarded` are the values of X-Forwarded-For in order. Each proxy adds its own peer at the right end, so the
    list is walked from there for as long as what spoke before is trusted; everything left of it may be invented.
    """
    address = _canonical(peer or "")
    if not trusted or not is_trusted(address, trusted):
        return address
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        before = _canonical(hop)
        if not before:
            return address
        address = before
        if not is_trusted(address, trusted):
            break
    return address


def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    if not trusted or not address:
        return False
    known = ip_address(address)
    return any(known in network for network in trusted)


@lru_cache(maxsize=16_384)
def _canonical(text: str) -> str:
    """Without port, zone and IPv4-in-IPv6; "" for what is no address."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
