"""A service that is away is told of once, and once more when it is back."""

from __future__ import annotations

import time

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """`now` says whether the service is away."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._since_s = 0.0
        self.now = False

    def began(self, why: str) -> None:
        """Call it at each failure."""
        if not self.now:
            log.warning(f"{self._service} does not take part; waiting for it", why=why)
            self._since_s = time.monotonic()
        self.now = True

    def ended(self) -> None:
        """Call it at each success."""
        if self.now:
            log.info(f"{self._service} is back", away_s=round(time.monotonic() - self._since_s, 1))
        self.now = False
