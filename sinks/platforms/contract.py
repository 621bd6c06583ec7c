"""What a platform is to the rest of the pipeline: pure questions, and the values they answer with.

No clock, no I/O, no token: `now_ms` is an argument, and the delivery worker adds the token when it sends.
A new platform is one file beside this one that ends with `PLATFORM = <its class>`: its name is then taken in the
tenants file, `capi queues apply` makes its queue, and its jobs are made and delivered. Golden payloads belong with
it; tests/contract runs the same suite over all.

| result          | meaning                                       | what the worker does                       |
|-----------------|-----------------------------------------------|--------------------------------------------|
| `Delivered`     | the platform took the batch                   | ack                                        |
| `Throttled`     | too many calls for this pixel                 | retry after at least `after_s`             |
| `Transient`     | it did not work now                           | retry by the ladder                        |
| `Misconfigured` | token, pixel or permission: not the events'   | keep the events, raise an alarm            |
| `Invalid`       | an event is refused, so the whole batch was   | set the culprit aside, split when unknown  |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, Self

import msgspec

from streams.events import Job, Platform
from streams.quality import Problem

MAX_EVENTS_PER_REQUEST = 1000  # both vendors, read November 2026


class TokenHeader(msgspec.Struct, frozen=True):
    """Where the token goes: `{name: prefix + token}`. Never in a URL, which HTTP clients log."""

    name: str
    prefix: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One POST, complete but for the token. `body` is a UTF-8 JSON object that holds `events` events.

    `proof_member` names the member of the body for a proof of the app's secret (proof.py), "" when there is none.
    """

    url: str
    headers: dict[str, str]
    body: bytes
    token_header: TokenHeader
    events: int
    proof_member: str = ""


class Delivered(msgspec.Struct, frozen=True):
    """`received` events were taken. Other than what was sent, or a `warning`: log it and raise an alarm."""

    received: int
    trace_id: str = ""
    warning: str = ""


class Throttled(msgspec.Struct, frozen=True):
    """`after_s` seconds must pass; 0 when the platform did not say, then the ladder decides."""

    after_s: float
    why: str
    code: str = ""
    trace_id: str = ""


class Transient(msgspec.Struct, frozen=True):
    """A failure that may be gone at the next attempt."""

    why: str
    code: str = ""
    trace_id: str = ""


class Misconfigured(msgspec.Struct, frozen=True):
    """Every event of this pixel would fail alike, until someone changes a setting or the platform's block ends.

    It is not worth trying again within `after_s` seconds.
    """

    why: str
    code: str = ""
    trace_id: str = ""
    after_s: float = 0


class Invalid(msgspec.Struct, frozen=True):
    """One event made the platform refuse all. `index` is its place in the batch, None when it was not named."""

    index: int | None
    why: str
    code: str = ""
    trace_id: str = ""


Result = Delivered | Throttled | Transient | Misconfigured | Invalid


class Addresses(Protocol):
    """The part of the settings that says where the platforms are."""

    @property
    def meta_url(self) -> str: ...
    @property
    def meta_version(self) -> str: ...
    @property
    def tiktok_url(self) -> str: ...


class PlatformRules(Protocol):
    """One platform. Implementations are immutable and may be shared."""

    name: ClassVar[Platform]

    @property
    def base_url(self) -> str:
        """Where the platform is, without a path."""
        ...

    @property
    def version(self) -> str:
        """The API version that requests ask for, as the platform writes it; "" when it tells no version."""
        ...

    @classmethod
    def from_settings(cls, settings: Addresses) -> Self: ...

    @classmethod
    def event_name(cls, name: str) -> str | None:
        """The platform's word for an event name; None when such events are not sent to it."""
        ...

    def group_key(self, job: Job) -> tuple[str, ...]:
        """Jobs of one pixel may share a request only when their group keys are equal."""
        ...

    @classmethod
    def preflight(cls, job: Job, now_ms: int) -> tuple[Problem, ...]:
        """What is wrong with the job at `now_ms`: exactly what makes the platform refuse it, and as warnings what
        `build` leaves out or the platform misses. Made of the checks in :mod:`streams.quality`."""
        ...

    def build(self, jobs: Sequence[Job], pixel_id: str, test_event_code: str) -> Request:
        """The request for 1 to MAX_EVENTS_PER_REQUEST jobs of one pixel and group key, in the jobs' order.

        `test_event_code` is the destination's; an event's own goes before it. The same jobs give the same bytes.
        Raises ValueError when the number of jobs or the mixture of groups is wrong.
        """
        ...

    def version_answered(self, headers: Mapping[str, str]) -> str:
        """The API version that an answer came from, "" when it does not say. Header names in any case."""
        ...

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, sent: int) -> Result:
        """What an answer to `sent` events means. Takes any bytes; never raises. Header names in any case.

        `why` never quotes the answer: platforms repeat what was sent to them in their messages.
        """
        ...

    @classmethod
    def advice(cls, code: str) -> str:
        """What to do about a code that `classify` gave, for people; "" when there is nothing to say."""
        ...


def one_group(rules: PlatformRules, jobs: Sequence[Job]) -> tuple[str, ...]:
    """The group key of all jobs. Raises ValueError when there is no single one, or the batch has a wrong size."""
    if not 1 <= len(jobs) <= MAX_EVENTS_PER_REQUEST:
        raise ValueError(f"a request takes 1 to {MAX_EVENTS_PER_REQUEST} events, not {len(jobs)}")
    groups = {rules.group_key(job) for job in jobs}
    if len(groups) != 1:
        raise ValueError(f"jobs of {len(groups)} groups in one {rules.name} request")
    return groups.pop()
