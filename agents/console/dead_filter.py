"""What the address of /dead says: which parked jobs are meant. Pure but for the given time."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from agents.when import parse_when
from sinks.parked.messages import ParkedFilter
from sinks.replay.wanted import Wanted

LONGEST = 200
NAMES = ("tenant", "platform", "pixel", "event", "reason", "since", "until")


class DeadFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of the form, as they were typed."""

    tenant: str = ""
    platform: str = ""
    pixel: str = ""
    event: str = ""
    reason: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, values: Mapping[str, object]) -> DeadFilter:
        """Of a query or a form; what is not there is ""."""
        return cls(**{name: str(values.get(name, "")).strip()[:LONGEST] for name in NAMES})

    @property
    def everything(self) -> bool:
        return self == DeadFilter()

    @property
    def query(self) -> str:
        """`platform=meta&reason=190`."""
        return urlencode(self.given())

    def given(self) -> dict[str, str]:
        return {name: value for name in NAMES if (value := getattr(self, name))}

    def text(self) -> str:
        """For the audit: `platform=meta reason=190`, or `everything`."""
        return " ".join(f"{name}={value}" for name, value in self.given().items()) or "everything"

    def narrowed(self, **values: str) -> DeadFilter:
        return msgspec.structs.replace(self, **values)

    def parked(self, tenants: tuple[str, ...] | None, now_ms: int) -> ParkedFilter:
        """Bounded by `tenants`, whatever was asked for. Raises ValueError for what is no time."""
        return ParkedFilter(
            jobs=Wanted(tenant=self.tenant, platform=self.platform, pixel=self.pixel, event=self.event),
            reason=self.reason,
            since_ms=parse_when(self.since, now_ms) if self.since else 0,
            until_ms=parse_when(self.until, now_ms) if self.until else 0,
            tenants=tenants,
        )
