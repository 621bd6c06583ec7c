"""Every Kafka topic as a value: what the provisioner makes and `capi doctor` expects. Pure.

Named by what flows (see :mod:`streams.events`): raw personal data only in `events`, which is short.
"""

from __future__ import annotations

import msgspec

from streams.settings import Settings

DAY_S = 86_400
ERASED_S = 30 * DAY_S  # longer than anything of a person can lie in capi.batches, in a queue, and parked, in turn
TABLES = ("sessions", "visitors", "ledger")  # roles with a state of their own; the table is named like the role


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One topic. `config` holds only what must not be the broker's default, values as Kafka prints them."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]


def changelog_topic(settings: Settings, role: str = "sessions") -> str:
    """The name that Faust itself derives: `<app id>-<table>-changelog`."""
    return f"{settings.namespace}-{role}-{role}-changelog"


def topics(settings: Settings) -> tuple[TopicSpec, ...]:
    """All topics, every one with `settings.partitions`: Faust places topics of equal count together, and a
    role's input and changelog must be."""
    spec = settings.topic
    week_s = 7 * DAY_S
    return (
        _topic(settings, spec("events"), _kept(DAY_S)),
        _topic(settings, spec("sessions.in"), _log_time() | _kept(_sessions_in_s(settings))),
        _topic(settings, spec("visitors.in"), _log_time() | _kept(_sessions_in_s(settings))),
        _topic(settings, spec("batches"), _kept(week_s)),
        _topic(settings, spec("rejects"), _kept(week_s)),
        _topic(settings, spec("outcomes"), _kept(week_s)),
        _topic(settings, spec("ledger.in"), _log_time() | _kept(week_s)),
        _topic(settings, spec("erased"), _log_time() | _kept(ERASED_S)),
        *(_topic(settings, changelog_topic(settings, role), _compacted()) for role in TABLES),
    )


def _topic(settings: Settings, name: str, config: dict[str, str]) -> TopicSpec:
    # acks=all means nothing with one copy in sync; with three copies one broker may be away
    safe = {"min.insync.replicas": "2" if settings.replication >= 3 else "1"}
    return TopicSpec(
        name=name,
        partitions=settings.partitions,
        replication=settings.replication,
        config={"message.timestamp.type": "CreateTime"} | safe | config,
    )


def _kept(retention_s: float) -> dict[str, str]:
    # retention drops whole closed segments: an hourly segment makes a day mean about a day
    segment_s = min(3600, retention_s / 4)
    return {
        "cleanup.policy": "delete",
        "retention.ms": _ms(retention_s),
        "segment.ms": _ms(segment_s),
    }


def _log_time() -> dict[str, str]:
    # windows and memories count in log time: monotonic in a partition, and no client can forge it
    return {"message.timestamp.type": "LogAppendTime"}


def _sessions_in_s(settings: Settings) -> float:
    """At least two days, so that a day without workers can be caught up, and always well above the longest
    time that an event is held."""
    return max(2 * DAY_S, 2 * (settings.max_age_s + settings.idle_s + settings.grace_s))


def _compacted() -> dict[str, str]:
    # a restore reads all of it: small segments and an eager cleaner keep it near the live state's size;
    # removals are kept for an hour, longer than any restore lasts, or a restore could bring sessions back
    return {
        "cleanup.policy": "compact",
        "segment.ms": _ms(600),
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": _ms(DAY_S),
        "delete.retention.ms": _ms(3600),
    }


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
