"""What lies in a table's changelog."""

from __future__ import annotations

from streams.settings import Settings
from tests.kafka import read_all

SOME = 12


async def some_keys(settings: Settings, topic: str) -> list[tuple[bytes, int]]:
    """Keys of the newest states, and their partitions."""
    newest = {record.key: record for record in await read_all(settings, topic)}
    alive = [record for record in newest.values() if record.value is not None and record.key is not None]
    return [(record.key, record.partition) for record in alive[-SOME:]]
