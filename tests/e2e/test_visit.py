"""A visit goes all the way through: real Kafka, RabbitMQ and Redis, the roles as processes, stand-in platforms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from aiokafka.structs import ConsumerRecord

from streams.events import Reject, decode_reject
from tests.e2e.visits import event, taken, visit
from tests.kafka import eventually, read_until
from tests.site import Site, site

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all tests: their sessions have names of their own."""
    with site(tmp_path_factory.mktemp("shop")) as made:
        made.start_roles()
        yield made


async def test_a_visit_is_delivered_enriched_on_both_platforms(shop: Site) -> None:
    await shop.produce(*visit("buyer"), *visit("leaver")[:3])
    # 4 + 3 on Meta; TikTok has no PageView
    lines = await eventually(lambda: len(t := taken(shop, "buyer", "leaver")) >= 12 and t, 60)
    assert {key for key in lines if key[0] == "tiktok"} == {
        ("tiktok", f"{session}-{n}")
        for session, n in [("buyer", 2), ("buyer", 3), ("buyer", 4), ("leaver", 2), ("leaver", 3)]
    }
    for n in (1, 2, 3, 4):
        assert "em" in lines["meta", f"buyer-{n}"]["keys"], "the purchase's identity is on the page view too"
    assert "email" in lines["tiktok", "buyer-2"]["keys"]
    assert "em" not in lines["meta", "leaver-1"]["keys"]
    assert {line["count"] for line in lines.values()} == {1}
    assert "jane" not in shop.logs().lower()


async def test_a_returning_visitor_arrives_known_on_both_platforms(shop: Site) -> None:
    await shop.produce(*visit("first"))
    await eventually(lambda: len(taken(shop, "first")) == 7, 60)
    again = event("second", 1, "ViewContent", browser="first", custom_data={"content_ids": ["1"]})
    await shop.produce(again)
    lines = await eventually(lambda: len(t := taken(shop, "second")) == 2 and t, 60)
    assert {"em", "fn"} <= set(lines["meta", "second-1"]["keys"])
    assert "email" in lines["tiktok", "second-1"]["keys"]


async def test_what_is_malformed_is_rejected_with_its_reason(shop: Site) -> None:
    await shop.produce({"session_id": "x", "event_name": 7, "user_data": {"em": "jane@example.com"}})
    await shop.produce(event("x", 1, "PageView") | {"tenant": "nobody"}, event("x", 2, "Purchase"))
    at_the_door = await read_until(
        shop.settings, shop.settings.topic("rejects"), lambda found: len(list(_of_the_door(found))) >= 2
    )
    values = list(_of_the_door(at_the_door))
    assert {value.topic for value in values} == {shop.settings.topic("events")}
    assert {value.field for value in values} == {"event_name", "tenant"}
    assert not any(b"jane" in record.value for record in at_the_door)
    await read_until(
        shop.settings,
        shop.settings.topic("batches"),
        lambda found: any(b'"x-2"' in record.value for record in found),
    )


def _of_the_door(records: Sequence[ConsumerRecord]) -> Iterator[Reject]:
    """Without those of a platform's preflight, behind it."""
    rejects = (decode_reject(record.value) for record in records)
    return (reject for reject in rejects if not reject.platform)
