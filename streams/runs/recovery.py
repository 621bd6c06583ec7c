"""The order of a rebalance: fence, restore, seek, resume. Replaces Faust's recovery, which loses records."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP

if TYPE_CHECKING:
    from streams.runs.app import RunApp
    from streams.runs.consumer import RunConsumer


class RunRecovery(Recovery):
    """Faust decides *when* to recover; this class does it.

    Faust's own way slurps the changelog through the stream machinery, resumes the source partitions while
    flow is active and then clears the queues that have filled meanwhile. Here nothing flows until the very end.
    """

    async def _build_highwaters(self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str) -> None:
        _nothing_to_read(destination, tps)

    async def _build_offsets(self, consumer: Any, tps: set[TP], destination: Counter[TP], title: str) -> None:
        _nothing_to_read(destination, tps)

    async def _seek_offsets(self, consumer: Any, tps: set[TP], offsets: Counter[TP], title: str) -> None:
        """The changelog is read by streams.runs.restore."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        self._set_recovery_ended()
        await self._take_over(generation_id)

    async def _resume_streams(self, generation_id: int = 0) -> None:
        """The way of an app without tables."""
        await self._take_over(generation_id)

    async def _take_over(self, generation_id: int) -> None:
        app = cast("RunApp", self.app)
        consumer = cast("RunConsumer", app.consumer)
        await app.take_over(consumer.assignment())
        await app.on_rebalance_complete.send()
        if app.consumer_generation_id != generation_id:
            self.log.info("another rebalance has begun")
            return
        await consumer.seek_to_what_is_committed()
        app.pulse.start_over()  # once more: a fetch from before the seek may have come, and was thrown away
        self.completed.set()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        # Before anything flows: a run that arrived while the app still calls itself rebalancing would be dropped
        app.on_rebalance_end()
        app.flow_control.resume()
        consumer.resume_partitions({tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)})
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.log.info("Worker ready")


def _nothing_to_read(destination: Counter[TP], tps: set[TP]) -> None:
    """High water and start are equal, so Faust slurps nothing (Counter.update would add, not set)."""
    destination.clear()
    for tp in tps:
        destination[tp] = -1


class RunTableManager(TableManager):
    @property
    def recovery(self) -> RunRecovery:
        if self._recovery is None:
            self._recovery = RunRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return cast(RunRecovery, self._recovery)
