"""A small app over runs, and the same over stock Faust, for tests that kill them: counts records by key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import faust
from faust.types import StreamT

from streams.runs import Outgoing, Run, RunApp
from streams.runs.options import faust_settings
from streams.settings import Settings, load_settings

POISON, LEAVE = b"poison", b"leave"
PAUSE, AGAIN = (
    b"pause",
    b"again",
)  # what a consumer may do by mistake: fetch a partition no more, or from its start


def over_runs(settings: Settings) -> RunApp:
    app = RunApp(settings, "sessions", source=os.environ.get("SOURCES", "sessions.in").split(","))
    table = app.run_table("sessions", encode=lambda n: b"%d" % n, decode=int)

    @app.run_agent
    async def count(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            if any(record.value == LEAVE for record in run.records):
                return
            out = []
            await asyncio.sleep(float(os.environ.get("SLOW_S", "0")))
            for record in run.records:
                if record.value == POISON and not os.environ.get("CURED"):
                    raise ValueError("poison")
                table[record.key] = table.get(record.key, 0) + 1
                out.append(Outgoing(settings.topic("batches"), record.key, record.value, run.partition))
            await run.commit(out)
            if not os.environ.get("CURED"):
                await mishap(app, run)

    return app


async def mishap(app: RunApp, run: Run) -> None:
    for record in run.records:
        if record.value == PAUSE:
            app.consumer.pause_partitions({run.tp})
        if record.value == AGAIN:
            await app.consumer.seek(run.tp, 0)


def over_stock_faust(settings: Settings) -> faust.App:
    """What the documentation shows: an agent over records, at least once by its own account."""
    options = faust_settings(settings, "stock")
    for ours in ("TableManager", "Table", "stream_buffer_maxsize"):
        del options[ours]
    app = faust.App(f"{settings.namespace}-stock", **options)
    source = app.topic(settings.topic("sessions.in"), key_type=bytes, value_type=bytes)
    target = app.topic(settings.topic("batches"), key_type=bytes, value_type=bytes)

    async def count(stream: StreamT[Any]) -> None:
        async for event in stream.events():
            if event.value == POISON and not os.environ.get("CURED"):
                raise ValueError("poison")
            await (await target.send(key=event.key, value=event.value, partition=event.message.partition))

    app.agent(source)(count)
    return app


app = {"runs": over_runs, "stock": over_stock_faust}[os.environ.get("COUNTING", "runs")](load_settings())
