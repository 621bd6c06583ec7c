"""Faust over runs of records, one Kafka transaction each.

A *run* is what one fetch brought for one partition, up to `CAPI_RUN_RECORDS` records. An agent reads runs,
decides, and commits the run; outbox records, changelog records and the input offset of a run are one Kafka
transaction of the partition's own transactional producer. Tables stay Faust tables on a changelog topic.

    app = RunApp(settings, "sessions", source="sessions.in")
    table = app.run_table("sessions", encode=..., decode=...)

    @app.run_agent
    async def sessions(runs: AsyncIterator[Run]) -> None:
        async for run in runs:
            ...                                   # read run.records, write the table
            await run.commit(outgoing)            # returns when the partition's run before is durable

What holds: every record is in exactly one committed run; a run's effects are all there or none; a worker
that lost its partition cannot commit (it is fenced before its successor reads the changelog); anything
unexpected ends the process, which equals a crash, which all of this survives.

consumer.py      reading: runs instead of records, read_committed, no gap bookkeeping
transactions.py  writing: one transactional producer a partition
packing.py       records as Kafka record sets
restore.py       the changelog back into a table, streamed
recovery.py      the order of a rebalance: fence, restore, seek, resume
table.py         a Faust table that collects a run's changes
app.py           the application, its agents, and the pieces put together
garbage.py       how often Python looks for cycles
pins.py          what is overridden, and the versions it was read in
docs/decisions/0002-runs.md says why.
"""

from streams.runs.app import Run, RunApp
from streams.runs.packing import Outgoing
from streams.runs.table import RunTable

__all__ = ["Outgoing", "Run", "RunApp", "RunTable"]
