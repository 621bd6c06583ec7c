"""Which jobs an operator means. Pure; an empty filter means all."""

from __future__ import annotations

import msgspec

from streams.events import Job


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Filters that must all hold. `event` is a name, the platform's or ours, or an event_id."""

    tenant: str = ""
    platform: str = ""
    pixel: str = ""
    event: str = ""

    @property
    def everything(self) -> bool:
        return not (self.tenant or self.platform or self.pixel or self.event)

    def takes(self, job: Job) -> bool:
        return (
            self.tenant in ("", job.event.tenant)
            and self.platform in ("", job.platform)
            and self.pixel in ("", job.pixel_id)
            and self.event in ("", job.event_name, job.event.event_name, job.event.event_id)
        )
