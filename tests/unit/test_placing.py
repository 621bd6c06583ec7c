"""Partition n of all topics that a role reads together is at one worker, whoever comes and goes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from faust.assignor.partition_assignor import PartitionAssignor
from faust.types import TP
from yarl import URL

from streams.runs.placing import placed_together

SOURCES = ("capi.ledger.in", "capi.batches", "capi.outcomes", "capi.rejects")
CHANGELOG = "capi-ledger-ledger-changelog"
TOPICS = {*SOURCES, CHANGELOG}


def assignor(port: int) -> PartitionAssignor:
    """Faust's own, of a worker at `port`."""
    nothing = lambda *_: None  # noqa: E731
    sensors = SimpleNamespace(on_assignment_start=nothing, on_assignment_completed=nothing)
    app = SimpleNamespace(
        tables=SimpleNamespace(changelog_topics={CHANGELOG}, data={}),
        tracer=None,
        sensors=sensors,
        conf=SimpleNamespace(canonical_url=URL(f"http://127.0.0.1:{port}")),
    )
    return PartitionAssignor(cast(Any, app))


class Group:
    """Workers of one consumer group, each of which remembers what it had."""

    def __init__(self, partitions: int) -> None:
        self._cluster = cast(Any, SimpleNamespace(partitions_for_topic=lambda topic: set(range(partitions))))
        self._members: dict[str, PartitionAssignor] = {}

    def scale(self, names: str) -> dict[str, set[TP]]:
        """Rebalance with these workers; what each has then."""
        self._members = {name: self._members.get(name) or assignor(ord(name)) for name in names}
        metadata = {name: self._metadata(member) for name, member in self._members.items()}
        leader = next(iter(self._members.values()))
        given = leader.assign(self._cluster, metadata)
        for name, member in self._members.items():
            member.on_assignment(cast(Any, given[name]))
        return {
            name: {TP(topic, number) for topic, numbers in assigned.assignment for number in numbers}
            for name, assigned in given.items()
        }

    def _metadata(self, member: PartitionAssignor) -> ConsumerProtocolMemberMetadata:
        return member.metadata(TOPICS)


@pytest.mark.parametrize("partitions", [1, 4, 12])
@pytest.mark.parametrize("scales", [("a", "abc", "bc"), ("abc", "c", "cde", "de"), ("ab", "ba", "dcba", "d")])
def test_faust_places_the_topics_of_a_role_together(partitions: int, scales: tuple[str, ...]) -> None:
    group = Group(partitions)
    for names in scales:
        placed = group.scale(names)
        numbers = [placed_together(tps, [*SOURCES, CHANGELOG]) for tps in placed.values()]
        assert sorted(n for found in numbers for n in found) == [*range(partitions)]


def test_apart_is_refused_with_what_to_do() -> None:
    apart = {TP("a", 0), TP("a", 1), TP("b", 1)}
    with pytest.raises(RuntimeError, match=r"a \[0, 1\], b \[1\].*capi topics apply"):
        placed_together(apart, ["a", "b"])


def test_other_topics_do_not_count_and_nothing_is_nothing() -> None:
    assert placed_together({TP("a", 1), TP("b", 1), TP("changelog", 0)}, ["a", "b"]) == {1}
    assert placed_together(set(), ["a", "b"]) == set()
