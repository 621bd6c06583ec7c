"""What the gateway makes of a batch that decodes: an error of ours would be asked for again for ever."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.batch_jobs import Source, as_message, jobs_of
from agents.collect.batches import read_batch
from agents.collect.problems import Problem
from agents.collect.sites import Sender, names
from streams.clear_text import clear_in
from streams.events import USER_FIELDS, Job, encode
from streams.tenants import Site, parse_tenants
from tests.contract.jobs import CART, NOW_MS, batch_of, job
from tests.rabbit import TENANTS

TENANT = parse_tenants(TENANTS).tenants["default"]
BERLIN = Sender("berlin", Site(tenants=("default",), certificate="berlin"))
BATCH: dict[str, Any] = msgspec.json.decode(encode(batch_of(job(), "b1")))

text = st.text(max_size=300)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "quantity", "x"]), inner),
    max_leaves=6,
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "event_name": text | st.sampled_from(["Purchase", "AddToCart", "Identify"]),
        "event_id": text,
        "event_time_ms": st.integers(-(2**63), 2**63 - 1),
        "event_source_url": text,
        "fbclid": text,
        "user": st.dictionaries(st.sampled_from(USER_FIELDS), text | st.lists(text, max_size=2), max_size=4),
        "custom_data": st.dictionaries(st.sampled_from([*CART, "x"]), values, max_size=4),
    },
)


@given(changes)
def test_whatever_decodes_becomes_jobs_or_rejects(changed: dict[str, Any]) -> None:
    event = BATCH["events"][0]["event"] | changed
    body = msgspec.json.encode(BATCH | {"events": [{"event": event}]})
    try:
        batch = read_batch(body, {}, BERLIN)
    except Problem as problem:
        assert problem.code == "not_a_batch"
        return
    assert all(isinstance(clear_in(enriched.event), str) for enriched in batch.events)
    for item in jobs_of(batch, TENANT, Source("berlin", 0, 0), NOW_MS):
        if isinstance(item, Job):
            message = as_message(item)
            assert len(message.message_id.encode()) <= 255
            assert len(message.routing_key.encode()) <= 255
        else:
            assert item.reason


@given(st.binary() | st.recursive(values, st.lists, max_leaves=2).map(msgspec.json.encode))
def test_what_is_no_batch_is_refused_for_good(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_batch(body, {}, BERLIN)
    assert refused.value.status == 422


def test_the_name_of_a_certificate_is_its_common_or_an_alternative_name() -> None:
    peer = {
        "subject": ((("countryName", "DE"),), (("commonName", "berlin"),)),
        "subjectAltName": (("DNS", "gw.example.com"), ("URI", "urn:site:berlin")),
    }
    assert names(peer) == ["berlin", "gw.example.com", "urn:site:berlin"]
    assert names({}) == []
