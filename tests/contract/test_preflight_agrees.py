"""Preflight passes exactly what the stand-in takes. Neither shares code with the other: each was read off the
vendors' pages, so where they differ one of them is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from agents.platforms import meta as stand_in_meta
from agents.platforms import tiktok as stand_in_tiktok
from sinks.platforms.meta import Meta
from sinks.platforms.tiktok import TikTok
from streams.envelope import ACTION_SOURCES
from streams.events import Job, UserData
from streams.quality import refused
from tests.contract.jobs import CART, MARIA, NOW_MS, hashed, job

DAY_MS = 86_400_000
FULL = msgspec.structs.replace(
    MARIA,
    ln=(hashed("lopez"),),
    ge=(hashed("f"),),
    db=(hashed("19970216"),),
    ct=(hashed("newyork"),),
    st=(hashed("ny"),),
    zp=(hashed("10001"), hashed("10002")),
    city="newyork",
    state="ny",
)
WORDS = ["EUR", "usd", "EURO", "XYZ", "ISK", "MNT", "XXX", ""]  # currencies of both, of one, of nobody
JUNK = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(-3, 10**9), st.text(max_size=4), st.sampled_from(WORDS)
)
CLICKS = [
    FULL.fbc,
    f"{FULL.fbc}.AQIBAQIA",
    "fb.1.1795490000.IwAR2F4",
    "fb.1.1795490000000.",
    "fb.1.1795490000000.a.b.c",
    "IwAR2F4",
    "fb.1.1595490000000.IwAR2F4",  # older than 90 days: not sent, so nobody refuses it
]
ITEM = st.one_of(JUNK, st.dictionaries(st.sampled_from(["id", "content_id", "quantity", "item_price"]), JUNK))
CUSTOM = st.one_of(
    st.just(CART),
    st.fixed_dictionaries(
        {}, optional={"value": JUNK, "currency": JUNK, "contents": st.one_of(JUNK, st.lists(ITEM, max_size=3))}
    ),
)
USERS = st.builds(
    lambda names, fbc: UserData(**{name: fbc if name == "fbc" else getattr(FULL, name) for name in names}),
    st.sets(st.sampled_from(UserData.__struct_fields__)),
    st.sampled_from(CLICKS),
)
AGES_MS = st.one_of(
    st.integers(-2 * 60_000, 2 * 60_000),
    st.integers(7 * DAY_MS - 5000, 7 * DAY_MS + 5000),
    st.integers(62 * DAY_MS - 5000, 62 * DAY_MS + 5000),
)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    return job(
        name=draw(st.sampled_from(["Purchase", "ViewContent", "own event"])),
        user=draw(USERS),
        custom_data=draw(CUSTOM),
        event_time_ms=NOW_MS - draw(AGES_MS),
        action_source=draw(st.sampled_from([*sorted(ACTION_SOURCES), "from the future"])),
        event_source_url=draw(st.sampled_from(["", "https://shop.example.com/"])),
        consent=draw(st.sampled_from(["", "granted", "limited"])),
        opt_out=draw(st.booleans()),
    )


def nearly_too_old(subject: Job) -> bool:
    """Within a second of a limit the two may differ: one sees milliseconds, the other whole seconds."""
    age_ms = NOW_MS - subject.event.event_time_ms
    return any(abs(age_ms - limit_ms) <= 2000 for limit_ms in (7 * DAY_MS, 62 * DAY_MS, -60_000))


@given(jobs())
@example(job(user=UserData(fn=FULL.fn, ge=FULL.ge)))
@example(job(user=UserData(db=FULL.db, client_user_agent="x")))
@example(job(custom_data={"value": float("nan"), "currency": "EUR"}))
@example(job(custom_data={"value": 5, "currency": "XYZ"}))
@example(job(name="Lead", custom_data={"value": 5, "currency": "XYZ"}))
@example(job(user=UserData(fbc="IwAR2F4")))
@example(job(consent="limited"))
def test_meta(subject: Job) -> None:
    assert agrees(Meta("https://graph.example.com", "v26.0"), stand_in_meta, subject)


@given(jobs())
@example(job(user=UserData(fbp="fb.1.1.1")))
@example(job(name="ViewContent", custom_data={"value": float("inf"), "contents": [{"id": ""}]}))
@example(job(custom_data={"value": 5, "currency": "MNT"}))
@example(job(event_source_url=""))
@example(job(event_source_url="", action_source="app"))
@example(job(consent="limited"))
def test_tiktok(subject: Job) -> None:
    assert agrees(TikTok("https://tiktok.example.com"), stand_in_tiktok, subject)


def agrees(rules: Meta | TikTok, stand_in: Any, subject: Job) -> bool:
    root = msgspec.json.decode(rules.build([subject], "1", "").body)
    checked = stand_in.check(root, "1", NOW_MS / 1000)
    assert not checked.unknown_keys
    passes = refused(rules.preflight(subject, NOW_MS)) == ()
    return nearly_too_old(subject) or passes == (checked.problem is None)
