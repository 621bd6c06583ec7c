"""What came out against what was sent. Pure; knows nothing of how the pipeline works inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agents.demo.plan import Planned
from streams.events import Batch

# the platforms' own names of a hashed e-mail address: proof that an event arrived with an identity
EMAIL_KEYS = {"meta": "em", "tiktok": "email"}


class Accepted(msgspec.Struct, frozen=True):
    """One line of the stand-in's ledger: an event a platform took, how often, and with which match keys."""

    platform: str
    event_id: str
    count: int = 1
    keys: tuple[str, ...] = ()

    @property
    def identified(self) -> bool:
        return EMAIL_KEYS[self.platform] in self.keys


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's result. `lost` lists `platform event_id`; a delivery counts once however often it came."""

    events_in: int
    sessions: int
    batches: int
    flushes: dict[str, int]
    delivered: dict[str, int]
    identified: dict[str, int]
    backfilled: dict[str, int]  # events that carried an identity although they were sent without
    recognised: dict[str, int]  # of these, events whose e-mail address an earlier visit had brought
    recognised_at_once: int  # sessions whose first event was one of those
    duplicates: int
    lost: tuple[str, ...]
    unexpected: tuple[str, ...]
    flushed_twice: tuple[str, ...]  # events in two batches, or one batch twice
    not_backfilled: tuple[str, ...]  # left in one batch with an identified event, but arrived without identity
    rejected: dict[str, int]
    in_clear: int  # events that reached a platform with personal data that was not hashed

    @property
    def good(self) -> bool:
        """Nothing lost, doubled inside, made up or laid open. Duplicates at a platform are no failure."""
        wrong = (self.lost, self.unexpected, self.flushed_twice, self.not_backfilled, self.rejected, self.in_clear)
        return not any(wrong)


def judge(
    planned: Sequence[Planned],
    batches: Sequence[Batch],
    accepted: Iterable[Accepted],
    rejected: Mapping[str, int],
    in_clear: int = 0,
) -> Verdict:
    """Every planned event has to be at both platforms: the demo sends only events that both take."""
    ledger = {(line.platform, line.event_id): line for line in accepted}
    sent = {step.event_id: step for step in planned}
    expected = {(platform, event_id) for platform in EMAIL_KEYS for event_id in sent}
    arrived = [line for pair, line in ledger.items() if pair in expected]
    identified = [line for line in arrived if line.identified]
    backfilled = [line for line in identified if not sent[line.event_id].identified]
    remembered = _remembered(batches)
    return Verdict(
        events_in=len(planned),
        sessions=len({step.session_id for step in planned}),
        batches=len(batches),
        flushes=dict(Counter(batch.reason for batch in batches).most_common()),
        delivered=_by_platform(arrived),
        identified=_by_platform(identified),
        backfilled=_by_platform(backfilled),
        recognised=_by_platform(line for line in backfilled if line.event_id in remembered),
        recognised_at_once=_at_once(planned, remembered),
        duplicates=sum(line.count - 1 for line in ledger.values()),
        lost=_listed(expected - ledger.keys()),
        unexpected=_listed(ledger.keys() - expected),
        flushed_twice=_twice(batches),
        not_backfilled=_listed(_due_an_identity(batches, sent) - {(x.platform, x.event_id) for x in identified}),
        rejected=dict(rejected),
        in_clear=in_clear,
    )


def _by_platform(lines: Iterable[Accepted]) -> dict[str, int]:
    counted = Counter(line.platform for line in lines)
    return {platform: counted[platform] for platform in EMAIL_KEYS}


def _remembered(batches: Iterable[Batch]) -> set[str]:
    """Events that left with the e-mail address of an earlier visit."""
    return {
        enriched.event.event_id
        for batch in batches
        for enriched in batch.events
        if enriched.backfilled.get("em", "").startswith("visitor:")
    }


def _at_once(planned: Sequence[Planned], remembered: set[str]) -> int:
    """Sessions that were known from their first event on."""
    first: dict[str, str] = {}
    for step in sorted(planned, key=lambda step: step.at_s):
        first.setdefault(step.session_id, step.event_id)
    return sum(event_id in remembered for event_id in first.values())


def _listed(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(f"{platform} {event_id}" for platform, event_id in pairs))


def _twice(batches: Iterable[Batch]) -> tuple[str, ...]:
    counted = Counter(enriched.event.event_id for batch in batches for enriched in batch.events)
    return tuple(sorted(event_id for event_id, times in counted.items() if times > 1))


def _due_an_identity(batches: Iterable[Batch], sent: Mapping[str, Planned]) -> set[tuple[str, str]]:
    """Whatever left together with an event that brought an e-mail address has to carry one."""
    due: set[tuple[str, str]] = set()
    for batch in batches:
        ids = [enriched.event.event_id for enriched in batch.events if enriched.event.event_id in sent]
        if any(sent[event_id].identified for event_id in ids):
            due.update((platform, event_id) for platform in EMAIL_KEYS for event_id in ids)
    return due
