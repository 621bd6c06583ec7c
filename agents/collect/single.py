"""Headers that say one thing, said once. Servers in a row differ in which of two they take: what one of them has
checked could be another than what is acted upon."""

from __future__ import annotations

from multidict import MultiMapping

from agents.collect.problems import Problem
from sinks.gateway.client import SITE
from streams.signing import ID, SIGNATURE, TIMESTAMP

KEY = "X-Capi-Key"
SINGLE = ("Content-Type", "Content-Encoding", "Origin", "Authorization", KEY, SITE, ID, TIMESTAMP, SIGNATURE)


def check_single(headers: MultiMapping[str]) -> None:
    """Raises Problem 400 that names the first that is there twice."""
    for name in SINGLE:
        if len(headers.getall(name, ())) > 1:
            raise Problem(400, "header_twice", "the header is there twice", "send it once", name)
