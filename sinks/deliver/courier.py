"""A batch of one pixel to its platform: build, POST, classify, split when refused. One log line per POST."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import structlog

from sinks.deliver.counters import POST_SECONDS, POSTS
from sinks.deliver.letters import Letter
from sinks.deliver.policy import outcome_class
from sinks.deliver.post import Poster, PostError
from sinks.deliver.splitting import SPENT, Splitting
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, PlatformRules, Result, Transient
from streams.events import Platform
from streams.tenants import Destination, TenantsError

log = structlog.get_logger(__name__)

ALARM_PAUSE_S = 60.0

Settled = list[tuple[Letter, Result]]


class Courier:
    """Shared by all batches of a process. `now_s` is a monotonic clock."""

    def __init__(
        self,
        rules: Mapping[Platform, PlatformRules],
        poster: Poster,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules, self._poster, self._now_s = rules, poster, now_s
        self._alarm_due_s: dict[tuple[str, str], float] = {}

    async def carry(self, letters: Sequence[Letter], destination: Destination) -> AsyncIterator[Settled]:
        """Results as they become known; every letter comes out once. Letters share pixel and group key."""
        splitting = Splitting(letters)
        while part := splitting.next_part():
            settled = splitting.settle(part, await self._post(part, destination))
            if settled:
                yield settled
        if unknown := splitting.unknown():
            yield [(letter, SPENT) for letter in unknown]

    async def _post(self, part: Sequence[Letter], destination: Destination) -> Result:
        started_s = self._now_s()
        result = await self._result(part, destination)
        duration_s = self._now_s() - started_s
        POSTS.labels(destination.platform, outcome_class(result)).inc()
        POST_SECONDS.labels(destination.platform).observe(duration_s)
        why = result.warning if isinstance(result, Delivered) else result.why
        log.info(
            "post",
            platform=destination.platform,
            pixel=destination.pixel_id,
            n=len(part),
            result=outcome_class(result),
            ms=round(duration_s * 1000),
            code=getattr(result, "code", ""),
            trace_id=result.trace_id,
            why=why,
        )
        self._alarm(result, len(part), destination)
        return result

    async def _result(self, part: Sequence[Letter], destination: Destination) -> Result:
        rules = self._rules[destination.platform]
        try:
            token = destination.read_token()
        except TenantsError:
            return Misconfigured("the token cannot be read", "token")
        try:
            jobs = [letter.job for letter in part]
            request = rules.build(jobs, destination.pixel_id, destination.test_event_code)
        except Exception as error:  # one odd job must not stop the queue: splitting finds it
            return Invalid(None, f"cannot be built ({type(error).__name__})", "build")
        try:
            answer = await self._poster.post(request, token)
        except PostError as error:
            return Transient(f"{error}{', in doubt' if error.in_doubt else ''}", "no answer")
        return rules.classify(answer.status, answer.headers, answer.body, len(part))

    def _alarm(self, result: Result, sent: int, destination: Destination) -> None:
        # The next step is a lane per pixel that closes at Misconfigured and at Throttled; its place is here.
        about = {"platform": destination.platform, "pixel": destination.pixel_id}
        if isinstance(result, Delivered) and result.received != sent:
            log.error(
                "the platform counted other events than were sent", **about, received=result.received, n=sent
            )
        if isinstance(result, Misconfigured) and self._alarm_is_due((destination.platform, destination.pixel_id)):
            log.error(
                "this pixel's settings are refused: its jobs wait", **about, why=result.why, code=result.code
            )

    def _alarm_is_due(self, pixel: tuple[str, str]) -> bool:
        due = self._now_s() >= self._alarm_due_s.get(pixel, float("-inf"))
        if due:
            self._alarm_due_s[pixel] = self._now_s() + ALARM_PAUSE_S
        return due
