"""Makes Kafka's topics equal to their specs, and says beforehand what it would do. Idempotent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from streams.topics import TopicSpec

REQUEST_TIMEOUT_MS = 20_000
SETTLE_LOOKS, SETTLE_LOOK_S = 50, 0.1
TOPIC_OWN_CONFIG = 1  # Kafka protocol, DescribeConfigs: ConfigSource.TOPIC_CONFIG
_ALREADY_EXISTS = 36


class KafkaAdminError(Exception):
    """Kafka cannot be reached or refused; the message says what to do."""


class TopicChange(msgspec.Struct, frozen=True):
    """One thing that differs. `refused` cannot be applied: `why` says what a person has to decide."""

    topic: str
    action: Literal["create", "configure", "refused"]
    why: str


class ActualTopic(msgspec.Struct, frozen=True):
    """A topic as the cluster has it. `own` holds the values that were set on the topic itself."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str]
    own: dict[str, str] = {}


def difference(specs: Iterable[TopicSpec], actual: dict[str, ActualTopic]) -> list[TopicChange]:
    """What separates the cluster from the specs, in the specs' order; empty when nothing does."""
    return [change for spec in specs for change in _differs(spec, actual.get(spec.name))]


def _differs(spec: TopicSpec, found: ActualTopic | None) -> list[TopicChange]:
    if found is None:
        copies = f"{spec.partitions} partitions, {spec.replication} copies"
        return [TopicChange(spec.name, "create", copies)]
    drift = [
        f"{name}: {found.config.get(name, 'unset')} -> {value}"
        for name, value in spec.config.items()
        if found.config.get(name) != value
    ]
    changes = [TopicChange(spec.name, "configure", ", ".join(drift))] if drift else []
    return changes + _refusals(spec, found)


def _refusals(spec: TopicSpec, found: ActualTopic) -> list[TopicChange]:
    refusals = []
    if found.partitions != spec.partitions:
        why = (
            f"has {found.partitions} partitions, CAPI_PARTITIONS is {spec.partitions}: set it back; "
            "a change moves sessions to other partitions, so it is a migration"
        )
        refusals.append(TopicChange(spec.name, "refused", why))
    if found.replication != spec.replication:
        why = (
            f"has {found.replication} copies, CAPI_REPLICATION is {spec.replication}: "
            "move them with kafka-reassign-partitions.sh, or set it back"
        )
        refusals.append(TopicChange(spec.name, "refused", why))
    return refusals


class Cluster(msgspec.Struct, frozen=True):
    """What is known of the cluster; brokers do not tell their exact version."""

    brokers: int
    release: str


@asynccontextmanager
async def kafka_admin(servers: Sequence[str], within_s: float = 10) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises KafkaAdminError when no server answers within `within_s`."""
    client = AIOKafkaAdminClient(bootstrap_servers=list(servers), request_timeout_ms=REQUEST_TIMEOUT_MS)
    where = ", ".join(servers)
    try:
        await asyncio.wait_for(client.start(), within_s)
    except (KafkaError, OSError, TimeoutError) as error:
        await client.close()
        why = f"Kafka does not answer at {where} (CAPI_KAFKA_URL): start it with `make up`, or correct the address"
        raise KafkaAdminError(why) from error
    try:
        yield client
    except KafkaError as error:
        raise KafkaAdminError(f"Kafka at {where} refused: {error!r}") from error
    finally:
        await client.close()


async def cluster(client: AIOKafkaAdminClient) -> Cluster:
    """Brokers alive now, and the release line as far as the protocol shows it."""
    brokers = (await client.describe_cluster())["brokers"]
    return Cluster(len(brokers), _release(client))


def _release(client: AIOKafkaAdminClient) -> str:
    # KIP-896: Kafka 4.0 dropped Fetch (API 1) before version 4; the public client shows no versions
    ranges: list[dict[int, tuple[int, int]]] = [conn._versions for conn in client._client._conns.values()]
    oldest = max((versions[1][0] for versions in ranges if 1 in versions), default=0)
    return "4.x" if oldest >= 4 else "3.x or older"


async def read_topics(client: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, ActualTopic]:
    """Those of the named topics that exist."""
    # asked by name, a broker with auto.create.topics.enable would make the missing ones
    there = sorted(set(names) & set(await client.list_topics()))
    if not there:
        return {}
    found = {topic["topic"]: topic for topic in await client.describe_topics(there)}
    for topic in found.values():
        _raise_for(topic["error_code"], topic["topic"], None)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in found]
    answers = [r for answer in await client.describe_configs(resources) for r in answer.resources]
    return {r[3]: _actual(found[r[3]], r[4]) for r in answers}


def _actual(topic: dict[str, Any], entries: Iterable[tuple[Any, ...]]) -> ActualTopic:
    config, own = {}, {}
    for name, value, _read_only, source, *_rest in entries:
        config[name] = value
        if source == TOPIC_OWN_CONFIG:
            own[name] = value
    partitions = topic["partitions"]
    return ActualTopic(
        name=topic["topic"],
        partitions=len(partitions),
        replication=min((len(p["replicas"]) for p in partitions), default=0),
        config=config,
        own=own,
    )


async def plan(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[TopicChange]:
    """What `apply` would do now, and what it would refuse."""
    return difference(specs, await read_topics(client, [spec.name for spec in specs]))


async def apply(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[TopicChange]:
    """Create and configure; what is refused stays as it is. Returns what was done or refused.

    Raises KafkaAdminError when the cluster refuses, for example more copies than brokers.
    """
    actual = await read_topics(client, [spec.name for spec in specs])
    changes = difference(specs, actual)
    chosen = {(change.topic, change.action) for change in changes}
    await _create(client, [spec for spec in specs if (spec.name, "create") in chosen])
    for spec in specs:
        if (spec.name, "configure") in chosen:
            await _configure(client, spec, actual[spec.name])
    await _settled(client, specs)
    return changes


async def _settled(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    """Wait until the brokers show what the controller has taken; a role that starts now would miss a topic."""
    for _ in range(SETTLE_LOOKS):
        if all(change.action == "refused" for change in await plan(client, specs)):
            return
        await asyncio.sleep(SETTLE_LOOK_S)
    raise KafkaAdminError("Kafka took the changes but does not show them: look at the brokers' logs, apply again")


async def _create(client: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> None:
    if not specs:
        return
    new = [NewTopic(s.name, s.partitions, s.replication, topic_configs=s.config) for s in specs]
    answer = await client.create_topics(new)
    for name, code, *message in answer.topic_errors:
        if code != _ALREADY_EXISTS:  # someone else applied at the same moment
            _raise_for(code, name, *message)


async def _configure(client: AIOKafkaAdminClient, spec: TopicSpec, found: ActualTopic) -> None:
    # the request replaces all of a topic's own values, so an operator's other ones go along
    resource = ConfigResource(ConfigResourceType.TOPIC, spec.name, found.own | spec.config)
    for answer in await client.alter_configs([resource]):
        for code, message, _kind, name in answer.resources:
            _raise_for(code, name, message)


def _raise_for(code: int, topic: str, message: str | None) -> None:
    if code:
        raise KafkaAdminError(f"topic {topic}: {message or for_code(code).__name__}")
