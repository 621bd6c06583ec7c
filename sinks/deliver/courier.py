"""A batch of one lane to its platform: build, POST, classify, split when refused. One log line per POST."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from hashlib import sha256

import structlog

from sinks.deliver.counters import ALARMS, GAP, POST_EVENTS, POST_SECONDS, POSTS
from sinks.deliver.lanes import Lane
from sinks.deliver.letters import Letter
from sinks.deliver.policy import Answered, outcome_class
from sinks.deliver.post import Answer, Poster, PostError, Secrets
from sinks.deliver.splitting import SPENT, Splitting
from sinks.deliver.usage import used_percent
from sinks.deliver.versions import VersionWatch
from sinks.platforms.contract import Delivered, Invalid, Misconfigured, PlatformRules, Request, Result, Transient
from streams.events import Job, Platform
from streams.log import about
from streams.tenants import Destination, TenantsError

log = structlog.get_logger(__name__)

Settled = list[tuple[Letter, Answered]]


class Courier:
    """Shared by all lanes of a queue. `now_s` is the monotonic clock of its lanes, `now_ms` tells Unix ms."""

    def __init__(
        self,
        rules: Mapping[Platform, PlatformRules],
        poster: Poster,
        now_s: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._rules, self._poster, self._now_s, self._now_ms = rules, poster, now_s, now_ms
        self._versions = VersionWatch()

    async def carry(
        self, letters: Sequence[Letter], destination: Destination, lane: Lane
    ) -> AsyncIterator[Settled]:
        """Results as they become known; every letter comes out once. Letters share pixel and group key."""
        splitting = Splitting(letters)
        while part := splitting.next_part():
            answered = await self._send(part, destination, lane)
            if settled := splitting.settle(part, answered.result):
                yield [
                    (letter, _about(result, answered, number == 0))
                    for number, (letter, result) in enumerate(settled)
                ]
        if unknown := splitting.unknown():
            yield [(letter, Answered(SPENT)) for letter in unknown]

    async def _send(self, part: Sequence[Letter], destination: Destination, lane: Lane) -> Answered:
        jobs, secrets = [letter.job for letter in part], secrets_of(destination)
        lane.token = digest(secrets) if secrets else b""
        if not secrets:
            answered = Answered(Misconfigured("the token or the app secret cannot be read", "token"))
            self._tell(answered.result, 0.0, jobs[0].event.tenant, destination, lane)
            return answered
        test_code = destination.test_code(self._now_ms())
        try:
            request = self._rules[destination.platform].build(jobs, destination.pixel_id, test_code)
        except Exception as error:  # one odd job must not stop the queue: splitting finds it
            return Answered(Invalid(None, f"cannot be built ({type(error).__name__})", "build"))
        test = _test_of(jobs[0], test_code, destination)
        return await self._post(request, secrets, jobs[0], destination, lane, test)

    async def _post(
        self, request: Request, secrets: Secrets, first: Job, destination: Destination, lane: Lane, test: str
    ) -> Answered:
        """`first` of the request's jobs is the one that is named in the log."""
        started_s = self._now_s()
        lane.posting(started_s)
        answer, result = await self._result(request, secrets, destination.platform)
        duration_s = self._now_s() - started_s
        answered = Answered(result, answer.status if answer else 0, round(duration_s * 1000))
        POSTS.labels(destination.platform, destination.pixel_id, outcome_class(result)).inc()
        POST_SECONDS.labels(destination.platform).observe(duration_s)
        POST_EVENTS.labels(destination.platform).observe(request.events)
        used = used_percent(answer.headers) if answer else 0.0
        self._tell(result, used, first.event.tenant, destination, lane)
        what = _names(destination) | about(first.event)
        tell = log.warning if test else log.info
        tell(
            "post",
            **what,
            **({"test": test} if test else {}),
            n=request.events,
            bytes=len(request.body),
            result=outcome_class(result),
            status=answered.http_status,
            ms=answered.latency_ms,
            code=getattr(result, "code", ""),
            trace_id=result.trace_id,
            why=result.warning if isinstance(result, Delivered) else result.why,
            lane=lane.state,
            used=round(used),
        )
        if isinstance(result, Delivered) and (result.warning or result.received != request.events):
            GAP.labels(destination.platform, destination.pixel_id).inc(abs(request.events - result.received))
            log.error(
                "the platform did not count just what was sent",
                **what,
                received=result.received,
                n=request.events,
                trace_id=result.trace_id,
                why=result.warning,
            )
        return answered

    async def _result(
        self, request: Request, secrets: Secrets, platform: Platform
    ) -> tuple[Answer | None, Result]:
        try:
            answer = await self._poster.post(request, secrets)
        except PostError as error:
            return None, Transient(f"{error}{', in doubt' if error.in_doubt else ''}", "no answer")
        rules = self._rules[platform]
        self._versions.look(rules, answer.headers)
        return answer, rules.classify(answer.status, answer.headers, answer.body, request.events)

    def _tell(self, result: Result, used: float, tenant: str, destination: Destination, lane: Lane) -> None:
        """The lane, and people when it closes or opens: once each time."""
        turn = lane.answered(result, used, self._now_s())
        if not turn:
            return
        which = {"tenant": tenant, **_names(destination)}
        if turn == "resumed":
            log.info("this pixel takes events again", **which)
            return
        ALARMS.labels(destination.platform, destination.pixel_id).inc()
        why = "" if isinstance(result, Delivered) else result.why
        said = {
            "stopped": "this pixel's settings are refused: its jobs wait",
            "failing": "this pixel does not answer: its jobs wait",
        }
        level = log.error if turn == "stopped" else log.warning
        level(said[turn], **which, why=why, code=getattr(result, "code", ""), trace_id=result.trace_id)


def _names(destination: Destination) -> dict[str, str]:
    return {"platform": destination.platform, "pixel": destination.pixel_id}


def secrets_of(destination: Destination) -> Secrets | None:
    """Read at each use, so that a rotated one counts at once; None when one cannot be, or the token is empty."""
    try:
        secrets = Secrets(destination.read_token(), destination.read_app_secret())
    except TenantsError:
        return None
    return secrets if secrets.token and bool(secrets.app_secret) == bool(destination.app_secret) else None


def digest(secrets: Secrets) -> bytes:
    """To tell new ones from old ones without keeping them."""
    return sha256(f"{secrets.token} {secrets.app_secret}".encode()).digest()


def _test_of(job: Job, test_code: str, destination: Destination) -> str:
    """Why the platform takes these as test events, "" when it does not."""
    if job.event.test_event_code:
        return "test events by their own test_event_code"
    return f"test events until {destination.test_until}: remove test_event_code" if test_code else ""


def _about(result: Result, answered: Answered, first: bool) -> Answered:
    """What of it is one letter's. Nothing leads where nothing was POSTed."""
    posted = bool(answered.http_status or answered.latency_ms)
    return Answered(result, answered.http_status, answered.latency_ms, first and posted)
