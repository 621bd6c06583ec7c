"""What all queues of a delivery process share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sinks.deliver.sorting import Sorter
from sinks.delivered import DeliveredJobs
from sinks.lane_switch import LaneSwitch
from sinks.platforms.contract import PlatformRules
from streams.events import Platform
from streams.settings import Settings


@dataclass
class Shared:
    """`paused` is what the operator's switch said last: platform and pixel id."""

    settings: Settings
    rules: Mapping[Platform, PlatformRules]
    delivered: DeliveredJobs
    sorter: Sorter
    switch: LaneSwitch
    paused: frozenset[tuple[str, str]] = field(default_factory=frozenset)
