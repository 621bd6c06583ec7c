"""Points inside dispatch and deliver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sinks.deliver import settle
from sinks.deliver.post import Poster
from sinks.delivered import DeliveredJobs
from sinks.rabbit import Message, Publisher
from sinks.topology import EXCHANGE_EVENTS, EXCHANGE_RETRY
from streams.runs import Run
from tests.faults.matrix.dying.death import Death, Method, die_after, die_before, point, replace


@point("half of the jobs published")
def half_published(death: Death) -> None:
    def make(original: Method) -> Method:
        async def publish(publisher: Publisher, exchange: str, messages: Sequence[Message]) -> Any:
            if len(messages) > 1:
                await original(publisher, exchange, messages[: len(messages) // 2])
                death()
            return await original(publisher, exchange, messages)

        return publish

    replace(Publisher, "publish", make)


@point("jobs confirmed, nobody told")
def confirmed(death: Death) -> None:
    die_after(Publisher, "publish", death, counts=lambda _, exchange, __: exchange == EXCHANGE_EVENTS)


@point("jobs confirmed and told, not committed")
def told(death: Death) -> None:
    die_before(Run, "done", death)


@point("claimed, not posted")
def claimed(death: Death) -> None:
    die_after(DeliveredJobs, "claim", death, counts=lambda claims, _: "ours" in claims.values())


@point("posted, not remembered")
def posted(death: Death) -> None:
    die_after(Poster, "post", death)


@point("remembered, not acknowledged")
def remembered(death: Death) -> None:
    die_after(DeliveredJobs, "remember", death, counts=lambda _, jobs: bool(jobs))


@point("about to acknowledge")
def not_acknowledged(death: Death) -> None:
    die_before(settle, "acknowledge", death)


@point("acknowledged, not forgotten here")
def acknowledged(death: Death) -> None:
    die_after(settle, "acknowledge", death)


@point("on a rung, not acknowledged")
def moved(death: Death) -> None:
    die_after(
        Publisher,
        "publish",
        death,
        counts=lambda _, exchange, messages: exchange == EXCHANGE_RETRY and bool(messages),
    )
