"""The private parts that streams.runs overrides are those it was written against."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from faust.sensors.base import Sensor

from streams.runs import app, consumer, pins, recovery, table

# public ways to extend Faust: documented, and called with what the documentation says
PUBLIC = {"__init__", "on_start", "loads_key", "loads_value", "recovery", "Consumer"}

# faust-streaming 0.15.3, aiokafka 0.14.0
EXPECTED = {
    "faust.app.base.App._new_transport": "42db531312dd776f",
    "faust.transport.drivers.aiokafka.Consumer._new_consumer_thread": "0870ec53dea75083",
    "faust.transport.drivers.aiokafka.AIOKafkaConsumerThread._create_worker_consumer": "c2701bfc3e6f6cad",
    "faust.transport.drivers.aiokafka.AIOKafkaConsumerThread._fetch_records": "39a2c6c79fc1455a",
    "faust.transport.consumer.ThreadDelegateConsumer._getmany": "f9d47aa9010b5ff2",
    "faust.transport.drivers.aiokafka.AIOKafkaConsumerThread.seek_to_committed": "775ab0adc4b052ab",
    "faust.transport.consumer.Consumer.getmany": "4b168d84882a70d6",
    "faust.transport.consumer.Consumer._wait_next_records": "6218e1969a636b3f",
    "faust.transport.consumer.Consumer.on_buffer_full": "c8961679e0bcdce5",
    "faust.transport.consumer.Consumer._add_gap": "4df2573ded7c1c2c",
    "faust.transport.consumer.Consumer._new_offset": "1d2c7ea89a7ad4f1",
    "faust.transport.consumer.Consumer._drain_messages": "44a2500309e83c63",
    "faust.transport.consumer.Consumer.perform_seek": "0e8c130ff4b0afd8",
    "faust.transport.consumer.Consumer.wait_empty": "e4662fe24f094819",
    "faust.tables.recovery.Recovery._restart_recovery": "6bd8a8558a2dffe4",
    "faust.tables.recovery.Recovery._build_highwaters": "91b4cc0d3724ae7b",
    "faust.tables.recovery.Recovery._build_offsets": "27eec86be06cb51f",
    "faust.tables.recovery.Recovery._seek_offsets": "19598ca63d94d250",
    "faust.tables.recovery.Recovery._resume_streams": "d986a6710c1aca98",
    "faust.tables.recovery.Recovery.on_recovery_completed": "6ef567acf072e46d",
    "faust.tables.table.Table.on_key_get": "609b38a392aad194",
    "faust.tables.table.Table.on_key_set": "a370e35ca55c2c7e",
    "faust.tables.table.Table.on_key_del": "4f2900b2f9d24a08",
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_overridden_method_is_the_one_that_was_read(name: str) -> None:
    found = pins.source_hashes().get(name)
    assert found == EXPECTED[name], (
        f"{name} is not the source that streams.runs was written against (now {found}). Read its new source, "
        "adapt what overrides or calls it in streams/runs, run `make faults`, then put the new hash here."
    )


def test_every_pinned_method_has_a_hash() -> None:
    assert set(pins.source_hashes()) == set(EXPECTED)
    assert len(pins.PINNED) == len(EXPECTED), "two pinned methods have one name: one of them is not looked at"


def test_the_installed_versions_are_the_pinned_ones() -> None:
    pins.check_versions()


@pytest.mark.parametrize("package", sorted(pins.VERSIONS))
def test_another_version_is_refused_with_what_to_do(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins, "version", lambda name: "9.9.9" if name == package else pins.VERSIONS[name])
    with pytest.raises(pins.PinError, match=f"{package} is 9.9.9.*requirements.lock"):
        pins.check_versions()


def test_a_changed_method_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed() -> None: ...

    name = f"{pins.PINNED[0].__module__}.{pins.PINNED[0].__qualname__}"
    changed.__module__, changed.__qualname__ = pins.PINNED[0].__module__, pins.PINNED[0].__qualname__
    monkeypatch.setattr(pins, "PINNED", (changed, *pins.PINNED[1:]))
    assert pins.source_hashes()[name] != EXPECTED[name]


def is_private(owner: type) -> bool:
    """Of Faust, and not made to be extended."""
    return owner.__module__.startswith("faust.") and owner is not Sensor


def overridden() -> Iterator[str]:
    """What classes of streams.runs replace in Faust's, by the name that pins give it."""
    found = {c for module in (app, consumer, recovery, table) for c in vars(module).values() if inspect.isclass(c)}
    for cls in (c for c in found if c.__module__.startswith("streams.runs")):
        for name in vars(cls).keys() - PUBLIC:
            owners = (base for base in cls.__mro__[1:] if inspect.isfunction(vars(base).get(name)))
            if (owner := next(owners, None)) is not None and is_private(owner):
                yield f"{owner.__module__}.{owner.__qualname__}.{name}"


def test_everything_that_is_overridden_is_pinned() -> None:
    assert set(overridden()) - set(EXPECTED) == set()
