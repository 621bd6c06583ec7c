"""Which partitions a worker has of topics that are read together. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from faust.types import TP


def placed_together(assignment: Collection[TP], sources: Sequence[str]) -> set[int]:
    """The partition numbers of `sources` in `assignment`. Raises RuntimeError when they differ between topics.

    A number's topics share a table and a transactional producer: at two workers, each would shut the other out.
    Faust's assignor places topics of one partition count, to which the same workers are subscribed, as one. It
    does not while workers of two releases read different topics, or while one of the topics is missing.
    """
    by_topic = {topic: {tp.partition for tp in assignment if tp.topic == topic} for topic in sources}
    first, *others = by_topic.values()
    if any(numbers != first for numbers in others):
        told = ", ".join(f"{topic} {sorted(numbers)}" for topic, numbers in by_topic.items())
        raise RuntimeError(
            f"partitions of one number are not at one worker ({told}): "
            "is a topic missing (capi topics apply), or a worker of another release in the group?"
        )
    return first
