"""A group of parked jobs as /dead shows it: what to do about it, and the address of its jobs. Pure."""

from __future__ import annotations

import msgspec

from agents.console.dead_filter import LONGEST, DeadFilter
from sinks.advice import advice
from sinks.parked.view import Group
from sinks.platforms import PLATFORM_RULES

PIXELS_SHOWN = 4
BY_CLASS = {
    "invalid": "The platform refused these events themselves: mend what makes them, then drop these.",
    "expired": "Too old: the platforms take 7 days. Drop them, and find out what kept them waiting.",
    "throttled": "The platform had no room for the whole retry time: replay them slowly.",
    "transient": "The platform did not work for the whole retry time. Replay them now that it does.",
    "misconfigured": "Token, pixel or permission was wrong: mend it under Destinations, then replay them.",
    "unreadable": "No job can be read from these: they can only be dropped.",
    "delivery_limit": "They came back too often, as when a worker dies of them. Replay one, and look at the log.",
    "rejected": "A worker turned them away. Replay one, and look at its log.",
}
UNKNOWN = "Look at a single job below, and at the log of deliver."


class Shown(msgspec.Struct, frozen=True):
    """`more` pixels are not in `pixels`, which holds the largest."""

    group: Group
    what_to_do: str
    pixels: tuple[tuple[str, int], ...]
    more: int
    only: DeadFilter


def shown_group(group: Group, wanted: DeadFilter) -> Shown:
    reason = f"{group.status}: {group.why}" if group.why else group.status
    most = group.pixels.most_common()
    return Shown(
        group,
        what_to_do(group),
        tuple(most[:PIXELS_SHOWN]),
        max(0, len(most) - PIXELS_SHOWN),
        wanted.narrowed(reason=reason[:LONGEST].strip()),
    )


def what_to_do(group: Group) -> str:
    """What the platform's code says, then what goes for its class."""
    kind, _, code = group.status.partition(" ")
    platforms = {pixel.partition(":")[0] for pixel in group.pixels}
    said = {advice(platform, code) for platform in platforms if platform in PLATFORM_RULES} if code else set()
    return " ".join([*sorted(said - {""}), BY_CLASS.get(kind, UNKNOWN)])
