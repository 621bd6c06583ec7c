"""`capi lag`: how far behind the roles are."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents.changes import Json
from agents.lag import Depth, Lag, depths, lags
from sinks.kafka_admin import KafkaAdminError
from sinks.offsets import OffsetsError
from sinks.rabbit_admin import RabbitAdminError
from streams.settings import Settings, load_settings


def command(
    warn: Annotated[
        int, typer.Option(min=0, help="Exit 1 when a partition's lag or a queue's ready jobs are above; 0: never.")
    ] = 0,
    every: Annotated[float, typer.Option(min=0, help="Look again every so many seconds, until Ctrl-C.")] = 0,
    json: Json = False,
) -> None:
    """Show for each consumer group and partition how many records it has not read and how old the oldest is, and
    for each queue of RabbitMQ how many jobs wait and are in hand.

    A role that never ran has no lag. Exit 1 above --warn, or when Kafka or RabbitMQ do not answer; with --every
    it is the last look that counts.

    Examples: capi lag --warn 10000; capi lag --every 5
    """
    settings = load_settings()
    code = _look(settings, warn, json)
    with suppress(KeyboardInterrupt):  # in the middle of a look too
        while every:
            time.sleep(every)
            code = _look(settings, warn, json)
    raise typer.Exit(code)


def _look(settings: Settings, warn: int, json: bool) -> int:
    try:
        partitions, queues = asyncio.run(lags(settings)), depths(settings)
    except (OffsetsError, KafkaAdminError, RabbitAdminError) as error:
        typer.echo(str(error), err=True)
        return 1
    above = bool(warn) and any(size > warn for size in _sizes(partitions, queues))
    if json:
        typer.echo(msgspec.json.encode({"partitions": partitions, "queues": queues, "above": above}))
    else:
        _print(partitions, queues)
    return int(above)


def _sizes(partitions: list[Lag], queues: list[Depth]) -> list[int]:
    return [row.lag for row in partitions] + [row.ready for row in queues]


def _print(partitions: list[Lag], queues: list[Depth]) -> None:
    console = Console()
    table = Table("group", "topic", "partition", "committed", "end", "lag", "oldest unread")
    for row in partitions:
        if row.committed is not None:
            age = "" if row.age_s is None else f"{row.age_s:,.1f} s"
            numbers = (row.partition, row.committed, row.end, row.lag)
            table.add_row(escape(row.group), escape(row.topic), *map(str, numbers), age)
    console.print(table)
    if never := sorted(
        {row.group for row in partitions} - {r.group for r in partitions if r.committed is not None}
    ):
        console.print(f"never read anything: {escape(', '.join(never))}")
    if queues:
        table = Table("queue", "ready", "in hand")
        for queue in queues:
            table.add_row(escape(queue.queue), str(queue.ready), str(queue.unacked))
        console.print(table)
