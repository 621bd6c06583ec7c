"""Notices that a platform answers with another API version than was asked for.

Meta serves an expired version by the oldest that is left, without an error ("Platform Versioning",
developers.facebook.com/docs/graph-api/guides/versioning, read November 2026): what changed between the two may
change what becomes of events. Only the header `facebook-api-version` tells.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from prometheus_client import Gauge

from sinks.platforms.contract import PlatformRules

log = structlog.get_logger(__name__)

OTHER = Gauge("capi_platform_other_version", "1 while answers come from another API version", ["platform"])


class VersionWatch:
    """Tell `look` every answer; people are told once for each change."""

    def __init__(self) -> None:
        self._answered: dict[str, str] = {}

    def look(self, rules: PlatformRules, headers: Mapping[str, str]) -> None:
        answered = rules.version_answered(headers)
        before = self._answered.get(rules.name, rules.version)
        if not answered or answered == before:
            return
        self._answered[rules.name] = answered
        about = {"platform": rules.name, "asked": rules.version, "answered": answered}
        OTHER.labels(rules.name).set(answered != rules.version)
        if answered == rules.version:
            log.info("the platform answers with the version that is asked for again", **about)
        else:
            log.error(
                "the platform answers with another API version: has the one that is asked for expired?", **about
            )
