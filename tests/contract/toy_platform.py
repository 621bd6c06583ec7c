"""A third platform in one file, held to the same suite as the real ones; third_platform.py delivers with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import msgspec

from sinks.platforms.answers import as_code, json_object, retry_after_s
from sinks.platforms.contract import (
    Addresses,
    Delivered,
    Invalid,
    Misconfigured,
    Request,
    Result,
    Throttled,
    TokenHeader,
    Transient,
    one_group,
)
from streams import quality
from streams.events import Job, Platform
from streams.quality import Problem


class Toy(msgspec.Struct, frozen=True):
    """Takes `{"events": [{"id", "name", "at_s", "who"}]}`, answers `{"status", "bad"?}`."""

    base_url: str

    version: ClassVar[str] = ""
    name: ClassVar[Platform] = "toy"

    @classmethod
    def from_settings(cls, settings: Addresses) -> Self:
        return cls(settings.meta_url)

    @classmethod
    def event_name(cls, name: str) -> str | None:
        return None if name == "Identify" else name.lower()

    def group_key(self, job: Job) -> tuple[str, ...]:
        return (job.event.action_source,)

    @classmethod
    def preflight(cls, job: Job, now_ms: int) -> tuple[Problem, ...]:
        return (
            *quality.consent(job.event.consent),
            *quality.event_time(job.event.event_time_ms, now_ms),
            *quality.enough_keys({"who": job.event.user.em} if job.event.user.em else {}),
        )

    def build(self, jobs: Sequence[Job], pixel_id: str, test_event_code: str) -> Request:
        one_group(self, jobs)
        events = [
            {
                "id": job.event.event_id,
                "name": job.event_name,
                "at_s": job.event.event_time_ms // 1000,
                "who": job.event.user.em,
            }
            for job in jobs
        ]
        return Request(
            url=f"{self.base_url}/toy/{pixel_id}",
            headers={"Content-Type": "application/json"},
            body=msgspec.json.encode({"events": events}),
            token_header=TokenHeader("X-Toy-Token"),
            events=len(jobs),
        )

    def version_answered(self, headers: Mapping[str, str]) -> str:
        return ""

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, sent: int) -> Result:
        if status == 429:
            return Throttled(retry_after_s(headers), "rate limit", "429")
        answer = json_object(body) or {}
        meanings: dict[str, Result] = {
            "ok": Delivered(sent),
            "token": Misconfigured("token", "token"),
            "bad": Invalid(as_code(answer.get("bad")), "refused", "bad"),
        }
        return meanings.get(str(answer.get("status")), Transient("no answer", f"http {status}"))

    @classmethod
    def advice(cls, code: str) -> str:
        return ""


PLATFORM = Toy
