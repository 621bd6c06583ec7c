"""The visitors' agent without a broker: one log record in, outgoing records and counts out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.structs import ConsumerRecord
from prometheus_client import REGISTRY

from agents.visitors import apply, remember_ms_by_tenant
from streams.events import Erase, Recalled, Tick, Visit, decode_input, decode_reject, encode
from streams.settings import Settings, load_settings
from streams.visitor_table import VisitorTable
from streams.visitors import DAY_MS

EM = ("e" * 64,)
DEEP = b'{"type":"visit","identity":' + b'{"a":' * 30_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    tenants = tmp_path / "tenants.toml"
    tenants.write_text("[tenants.shop]\nremember_days = 30\n[tenants.off]\nremember_days = 0\n")
    return load_settings(tenants=tenants)


@pytest.fixture
def table() -> dict[bytes, bytes]:
    return {}


Feed = Callable[..., list[tuple[str, bytes | None, bytes | None]]]


@pytest.fixture
def feed(settings: Settings, table: dict[bytes, bytes]) -> Feed:
    memories = VisitorTable(table, lambda partition: [*table], remember_ms_by_tenant(settings))

    def feed(
        value: bytes | None, key: bytes | None = None, at_ms: int = 1_000
    ) -> list[tuple[str, bytes | None, bytes | None]]:
        record = ConsumerRecord("capi.visitors.in", 1, 5, at_ms, 1, key, value, None, 0, 0, ())
        return [(out.topic, out.key, out.value) for out in apply(settings, memories, record)]

    return feed


def visit(tenant: str = "shop", **more: object) -> Visit:
    return Visit(tenant=tenant, visitor="fbp:x", session_id="s", **more)  # type: ignore[arg-type]


def told(feed: Feed, one: Visit, at_ms: int = 1_000) -> list[tuple[str, bytes | None, bytes | None]]:
    return feed(encode(one), one.key, at_ms)


def counted(tenant: str, what: str) -> float:
    return REGISTRY.get_sample_value("capi_visitors_total", {"tenant": tenant, "what": what}) or 0


def test_an_answer_goes_to_the_session_that_asked(feed: Feed) -> None:
    assert told(feed, visit(identity={"em": EM})) == []
    [(topic, key, value)] = told(feed, visit(asks=True, ask_id=9))
    assert (topic, key) == ("capi.sessions.in", b"shop|s")
    assert decode_input(value or b"") == Recalled(
        tenant="shop", visitor="fbp:x", session_id="s", ask_id=9, identity={"em": EM}
    )


def test_each_thing_said_is_counted(feed: Feed) -> None:
    words = ("asked", "known", "taught", "forgotten", "erased")
    before = [counted("shop", word) for word in words]
    told(feed, visit(identity={"em": EM}))
    told(feed, visit(identity={"em": EM}, asks=True))
    feed(encode(Erase(tenant="shop", field="em", digest=EM[0])))
    told(feed, visit(asks=True))
    told(feed, visit(forget=True))
    assert [counted("shop", word) - was for word, was in zip(words, before, strict=True)] == [2, 1, 2, 1, 1]


def test_ticks_delete_what_is_over_by_the_tenants_own_limit(feed: Feed, table: dict[bytes, bytes]) -> None:
    told(feed, visit(identity={"em": EM}))
    for hour in range(29 * 24):
        feed(encode(Tick()), at_ms=hour * 3_600_000)
    assert [*table] == [b"shop|fbp:x"]
    for hour in range(29 * 24, 33 * 24):
        feed(encode(Tick()), at_ms=hour * 3_600_000)
    assert table == {}


def test_a_tenant_that_is_off_stores_nothing_and_one_that_left_is_forgotten_after_the_default(
    settings: Settings, feed: Feed, table: dict[bytes, bytes]
) -> None:
    told(feed, visit("off", identity={"em": EM}))
    assert table == {}
    limit_of = remember_ms_by_tenant(settings)
    assert [limit_of(key) // DAY_MS for key in (b"shop|fbp:1", b"off|fbp:1", b"gone|fbp:1")] == [30, 0, 180]


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b'{"type":"visit"}', b'{"type":"event"}', b"\xff", None, DEEP]
)
def test_a_corrupt_record_is_rejected_without_its_text(feed: Feed, value: bytes | None) -> None:
    [(topic, _, reject)] = feed(value, b"shop|fbp:x")
    found = decode_reject(reject or b"")
    assert topic == "capi.rejects"
    assert (found.topic, found.partition, found.offset) == ("capi.visitors.in", 1, 5)
    assert found.reason == "not a visitor record"


def test_a_visit_under_a_foreign_key_is_rejected(feed: Feed, table: dict[bytes, bytes]) -> None:
    [(_, _, reject)] = feed(encode(visit(identity={"em": EM})), b"shop|fbp:other")
    assert "key of the record" in decode_reject(reject or b"").reason
    assert table == {}
