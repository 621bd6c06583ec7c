"""What streams.runs overrides or reaches into, and the source it was written against.

faust-streaming and aiokafka are pinned exactly, because these are private parts. When an upgrade changes one,
tests/contract/test_pins.py says which: read the new source, adapt, then renew its hash there.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from faust.app.base import App
from faust.tables.recovery import Recovery
from faust.tables.table import Table
from faust.transport.consumer import Consumer, ThreadDelegateConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as AIOKafkaConsumer

VERSIONS = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}

PINNED: tuple[Callable[..., Any], ...] = (
    App._new_transport,
    AIOKafkaConsumer._new_consumer_thread,
    AIOKafkaConsumerThread._create_worker_consumer,
    AIOKafkaConsumerThread._fetch_records,
    AIOKafkaConsumerThread.seek_to_committed,
    ThreadDelegateConsumer._getmany,
    Consumer.getmany,
    Consumer._wait_next_records,
    Consumer.on_buffer_full,
    Consumer._add_gap,
    Consumer._new_offset,
    Consumer._drain_messages,
    Consumer.perform_seek,
    Consumer.wait_empty,
    Recovery._restart_recovery.fun,
    Recovery._build_highwaters,
    Recovery._build_offsets,
    Recovery._seek_offsets,
    Recovery._resume_streams,
    Recovery.on_recovery_completed,
    Table.on_key_get,
    Table.on_key_set,
    Table.on_key_del,
)


class PinError(RuntimeError):
    """The installed version is not the one whose private parts are overridden."""


def check_versions() -> None:
    for package, wanted in VERSIONS.items():
        if (found := version(package)) != wanted:
            raise PinError(f"{package} is {found}, streams.runs needs {wanted}: install from requirements.lock")


def source_hashes() -> dict[str, str]:
    """Qualified name -> first 16 hex digits of the SHA-256 of the method's source."""
    return {
        f"{method.__module__}.{method.__qualname__}": hashlib.sha256(
            inspect.getsource(method).encode()
        ).hexdigest()[:16]
        for method in PINNED
    }
