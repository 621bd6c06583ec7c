"""Checks of Kafka, RabbitMQ and Redis: reachable, of a version that was tried, and set up as specified. With them
run those of the platforms.

Each check is bounded in time, and all run at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from agents.doctor.check import Check, failed, ok, warning
from agents.doctor.gateway import check_gateway
from agents.doctor.platforms import platform_checks
from sinks import kafka_admin
from sinks.amqp_probe import AmqpProbeError, amqp_alive
from sinks.kafka_admin import KafkaAdminError, TopicChange
from sinks.rabbit_admin import RabbitAdmin, RabbitAdminError, vhost_of
from sinks.redis_probe import RedisProbeError, redis_facts
from sinks.topology import QUEUE_PARKED, QUEUE_UNROUTED, definitions
from sinks.topology_plan import QueueChange, difference
from streams.settings import Settings
from streams.topics import TopicSpec, topics

WITHIN_S = 3.0
OLDEST_RABBITMQ = (3, 10)  # at-least-once dead-lettering
LOSING_POLICIES = "allkeys"  # evicts what must stay: queues, and which jobs were delivered


async def service_checks(settings: Settings, quick: bool) -> list[Check]:
    """All of this module, in the order they are shown. `quick` leaves topics, queues, counts and
    platforms out."""
    found = await asyncio.gather(
        check_kafka(settings, quick),
        *_beyond_kafka(settings, quick),
        check_redis(settings),
        *([] if quick else [platform_checks(settings)]),
    )
    return [check for checks in found for check in checks]


def _beyond_kafka(settings: Settings, quick: bool) -> list[Awaitable[list[Check]]]:
    """Where batches go: a client site needs no RabbitMQ."""
    if settings.gateway_url:
        return [check_gateway(settings, WITHIN_S)]
    return [check_amqp(settings), asyncio.to_thread(check_management, settings, quick)]


async def check_kafka(settings: Settings, quick: bool) -> list[Check]:
    specs = () if quick else topics(settings)
    try:
        async with (
            asyncio.timeout(2 * WITHIN_S),
            kafka_admin.kafka_admin(settings.kafka_servers, WITHIN_S) as client,
        ):
            cluster = await kafka_admin.cluster(client)
            changes = await kafka_admin.plan(client, specs) if specs else []
    except KafkaAdminError as error:
        return [failed("kafka", "does not answer", str(error))]
    except TimeoutError:
        return [failed("kafka", f"no answer in {2 * WITHIN_S:g} s", "look at the broker's log and load")]
    return [_check_brokers(cluster, settings), *_check_topics(specs, changes)]


def _check_brokers(cluster: kafka_admin.Cluster, settings: Settings) -> Check:
    found = f"{cluster.brokers} broker(s), Kafka {cluster.release}"
    if cluster.brokers < settings.replication:
        return failed("kafka", found, f"CAPI_REPLICATION={settings.replication} needs as many brokers; lower it")
    if settings.replication < 3 and cluster.brokers >= 3:
        return warning(
            "kafka", found, "one copy of each topic: a broken disk loses events; set CAPI_REPLICATION=3"
        )
    return ok("kafka", found)


def _check_topics(specs: Sequence[TopicSpec], changes: Sequence[TopicChange]) -> list[Check]:
    by_topic = {change.topic: change for change in changes}
    return [_check_topic(spec, by_topic.get(spec.name)) for spec in specs]


def _check_topic(spec: TopicSpec, change: TopicChange | None) -> Check:
    name = f"topic {spec.name}"
    match change:
        case None:
            return ok(name, f"{spec.partitions} partitions, {spec.replication} copies")
        case TopicChange(action="create"):
            return failed(name, "missing", "run `capi topics apply`")
        case TopicChange(action="configure"):
            return failed(name, f"differs: {change.why}", "run `capi topics apply`")
    return failed(name, change.why, "see docs/operations.md before changing anything")


async def check_amqp(settings: Settings) -> list[Check]:
    vhost = vhost_of(settings.rabbitmq_url)
    try:
        await amqp_alive(settings.rabbitmq_url, WITHIN_S)
    except AmqpProbeError as error:
        todo = (
            "start it with `make up`, correct CAPI_RABBITMQ_URL (address, user, password), "
            f"or, when it runs without virtual host {vhost}, `capi queues apply`"
        )
        return [failed("rabbitmq", str(error), todo)]
    return [ok("rabbitmq", f"virtual host {vhost}")]


def check_management(settings: Settings, quick: bool) -> list[Check]:
    try:
        with RabbitAdmin(settings, WITHIN_S) as admin:
            checks = [_check_rabbitmq_version(admin.versions())]
            if not quick:
                wanted, actual = definitions(settings), admin.definitions()
                checks += check_topology(difference(wanted, actual), {k: len(v) for k, v in wanted.items()})
                checks += _check_counts(admin.message_counts()) if actual is not None else []
    except RabbitAdminError as error:
        return [failed("rabbitmq management", "cannot be used", str(error))]
    return checks


def _check_rabbitmq_version(versions: dict[str, str]) -> Check:
    version = versions["rabbitmq_version"]
    found = f"RabbitMQ {version}, Erlang {versions.get('erlang_version', '?')}"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_RABBITMQ:
        return failed("rabbitmq management", found, "retries can be lost before 3.10: upgrade RabbitMQ")
    return ok("rabbitmq management", found)


def check_topology(changes: Sequence[QueueChange], wanted: dict[str, int]) -> list[Check]:
    checks = []
    for kind, number in wanted.items():
        here = [change for change in changes if change.kind == kind]
        missing = [change.name for change in here if change.action == "create"]
        if missing:
            checks.append(_check_missing(kind, missing, number))
        elif all(change.action == "extra" for change in here):
            checks.append(ok(kind, f"all {number} as specified"))
        checks += [_check_entry(change) for change in here if change.action != "create"]
    return checks


def _check_missing(kind: str, missing: Sequence[str], number: int) -> Check:
    names = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
    return failed(kind, f"{len(missing)} of {number} missing: {names}", "run `capi queues apply`")


def _check_entry(change: QueueChange) -> Check:
    name = f"{change.kind}: {change.name}"
    if change.action == "extra":
        return warning(name, "not in the settings", change.why)
    if change.action == "refused":
        return failed(name, "differs", change.why)
    return failed(name, change.why, "run `capi queues apply`")


def _check_counts(counts: dict[str, int]) -> list[Check]:
    parked, unrouted = counts.get(QUEUE_PARKED, 0), counts.get(QUEUE_UNROUTED, 0)
    look = "see why with `capi dead ls`"
    return [
        warning("parked jobs", str(parked), look) if parked else ok("parked jobs", "0"),
        warning("unrouted jobs", str(unrouted), "no queue takes their routing key: run `capi queues plan`")
        if unrouted
        else ok("unrouted jobs", "0"),
    ]


async def check_redis(settings: Settings) -> list[Check]:
    """The one that every site has, and that of the intake's list where it is another."""
    found = [await _check_redis("redis", settings.redis_url, "CAPI_REDIS_URL")]
    if settings.intake_redis_url not in ("", settings.redis_url):
        found.append(await _check_redis("intake redis", settings.intake_redis_url, "CAPI_INTAKE_REDIS_URL"))
    return found


async def _check_redis(name: str, url: str, setting: str) -> Check:
    try:
        facts = await redis_facts(url, WITHIN_S)
    except RedisProbeError as error:
        return failed(name, str(error), f"start it with `make up`, or correct {setting}")
    found = f"Redis {facts.version}, maxmemory-policy {facts.policy}"
    if facts.policy.startswith(LOSING_POLICIES):
        return failed(name, found, "evicts what must stay: use noeviction or volatile-lru")
    if not facts.append_only:
        return warning(name, f"{found}, no append-only file", "a restart forgets what it held: appendonly yes")
    return ok(name, found)
