"""Two session workers, a hundred sessions: every one is found from either, and commands go by the log."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import pytest

from agents.access.passes import issue
from agents.access.users import Role, User
from agents.session_workers import SessionsError, SessionWorkers
from streams.events import (
    Event,
    Noted,
    UserData,
    decode_batch,
    decode_ledger_input,
    decode_reject,
    encode,
    session_key,
)
from streams.session_view import SessionList, Wanted
from streams.settings import Settings
from tests.kafka import eventually, fresh_settings, producer_of, read_all, read_until, topics_of
from tests.site import free_port
from tests.workers import environment, faust_worker

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
TENANTS = "[tenants.shop]\n[tenants.other]\n"
NAMES = [f"visit {number}/ü" for number in range(100)]
EM = "973dfe46" + "3e" * 28


class Here(NamedTuple):
    settings: Settings
    urls: list[str]
    workers: list[SessionWorkers]
    processes: list[subprocess.Popen[bytes]]


def user(role: Role = "admin", *tenants: str) -> User:
    return User(name=role, role=role, tenants=tenants or None)


def event(tenant: str, session_id: str, number: int) -> Event:
    return Event(
        event_id=f"{tenant}-{number}",
        event_name="PageView",
        event_time_ms=1,
        tenant=tenant,
        session_id=session_id,
        user=UserData(em=(EM,), client_ip="198.51.100.7"),
    )


@asynccontextmanager
async def two_workers(folder: Path) -> AsyncIterator[Here]:
    (folder / "tenants.toml").write_text(TENANTS)
    settings = fresh_settings(
        session_timeout_s=6,
        idle_s=600,
        tick_s=1,
        tenants=folder / "tenants.toml",
        internal_secret=f"file:{folder / 'secret'}",
    )
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    clients = [SessionWorkers(settings.model_copy(update={"sessions_url": url})) for url in urls]
    first, second = (environment(settings, CAPI_WEB_PORT=str(port)) for port in ports)
    async with topics_of(settings):
        with (
            faust_worker("agents.sessions", first, folder / "1.log") as one,
            faust_worker("agents.sessions", second, folder / "2.log") as other,
        ):
            yield Here(settings, urls, clients, [one, other])
        for client in clients:
            await client.close()


async def test_every_session_is_seen_from_every_worker_and_obeys(tmp_path: Path) -> None:
    async with two_workers(tmp_path) as here:
        await refused_while_partitions_are_taken_over(here)
        async with producer_of(here.settings) as producer:
            for number, session_id in enumerate(NAMES):
                one = event("shop", session_id, number)
                await producer.send_and_wait(here.settings.topic("sessions.in"), encode(one), one.key)
            foreign = event("other", "foreign", 100)
            await producer.send_and_wait(here.settings.topic("sessions.in"), encode(foreign), foreign.key)

        await eventually(lambda: all_listed(here), 60, every_s=0.5)
        await the_cluster_is_the_same_from_both(here)
        await each_is_found_from_each(here)
        await each_event_is_found_by_its_id(here)
        await pages_hold_all_once(here)
        await nobody_gets_more_than_they_may(here)
        await flushed_by_an_operator(here)
        await erased_by_an_admin(here)
        await the_command_line_says_the_same(here)
        await a_taken_port_is_said(here, tmp_path)
        await the_one_that_stays_has_all(here)
        assert NAMES[0] not in "".join((tmp_path / f"{n}.log").read_text() for n in (1, 2))


async def refused_while_partitions_are_taken_over(here: Here) -> None:
    """A worker that has taken nothing over answers 503 and says when to ask again, whatever its table holds."""
    headers = {"Authorization": issue(here.settings, user(), time.time())}

    async def away() -> bool:
        async with httpx.AsyncClient(headers=headers) as client:
            try:
                paths = ("/sessions/", "/sessions/shop%7Cx/", "/events/?event_id=x")
                answers = [await client.get(here.urls[0] + path) for path in paths]
            except httpx.TransportError:
                return False
            return all(one.status_code == 503 and one.headers["Retry-After"] == "2" for one in answers)

    await eventually(away, 60, every_s=0.02)


async def all_listed(here: Here) -> bool:
    try:
        lists = [await client.list(user(), Wanted(limit=500)) for client in here.workers]
        clusters = [await client.cluster(user()) for client in here.workers]
    except SessionsError:
        return False
    return all(len(found.rows) == 101 and not found.partial for found in lists) and all(
        [len(worker.partitions) for worker in cluster.workers] == [1, 1] for cluster in clusters
    )


async def the_cluster_is_the_same_from_both(here: Here) -> None:
    for client in here.workers:
        cluster = await client.cluster(user("viewer"))
        assert sorted(worker.url for worker in cluster.workers) == sorted(here.urls) and not cluster.missing
        parts = [part for worker in cluster.workers for part in worker.partitions]
        assert sorted(part.partition for part in parts) == [0, 1]
        assert (sum(part.sessions for part in parts), sum(part.held for part in parts)) == (101, 101)
        assert all(part.read > 0 for part in parts)


async def each_is_found_from_each(here: Here) -> None:
    for client in here.workers:
        found = await asyncio.gather(*(client.show(user("viewer"), "shop", name) for name in NAMES))
        seen = [view.events[0].event_id for view in found if view is not None]
        assert seen == [f"shop-{number}" for number in range(100)]
        assert {view.identity["em"].shown for view in found if view is not None} == {"973dfe46"}
        assert await client.show(user("viewer"), "shop", "nobody") is None


async def each_event_is_found_by_its_id(here: Here) -> None:
    for client in here.workers:
        for number in (0, 1, 2, 3, 99):
            found = await client.find(user("viewer"), f"shop-{number}")
            (place,) = found.places
            assert (place.row.tenant, place.row.session_id) == ("shop", NAMES[number])
            assert place.event is not None and place.stay is not None and place.stay.why == "idle"
            assert place.event.at_ms < place.stay.due_ms < place.stay.latest_ms
            assert (found.looked_at, found.partial) == (101, False)
        assert (await client.find(user(), "shop-")).places == (), "ids are compared whole"
        assert (await client.find(user("viewer", "other"), "shop-1")).places == ()
        assert (await client.find(user(), "shop-1", "other")).places == ()
        assert len((await client.find(user("viewer", "other"), "other-100")).places) == 1
        with pytest.raises(SessionsError) as refused:
            await client.find(user(), "x" * 501)
        assert refused.value.status == 422


async def pages_hold_all_once(here: Here) -> None:
    wanted, names = Wanted(tenant="shop", status="open", limit=30), list[str]()
    while True:
        page: SessionList = await here.workers[0].list(user(), wanted)
        names += [row.session_id for row in page.rows]
        if not page.after:
            break
        wanted = msgspec.structs.replace(wanted, after=page.after)
    assert len(names) == 100 and set(names) == set(NAMES)
    assert len((await here.workers[1].list(user(), Wanted(prefix="visit 9"))).rows) == 11
    assert (await here.workers[1].list(user(), Wanted(status="closed"))).rows == ()


async def nobody_gets_more_than_they_may(here: Here) -> None:
    scoped, client = user("viewer", "other"), here.workers[0]
    assert [row.session_id for row in (await client.list(scoped, Wanted())).rows] == ["foreign"]
    assert await client.show(scoped, "shop", NAMES[0]) is None
    for what, role in (("flush", "marketer"), ("erase", "operator")):
        with pytest.raises(SessionsError) as refused:
            await getattr(client, what)(user(role), "shop", NAMES[0], "because")  # type: ignore[arg-type]
        assert refused.value.status == 403
    with pytest.raises(SessionsError) as unseen:
        await client.flush(user("operator", "other"), "shop", NAMES[0], "because")
    assert unseen.value.status == 404
    stale = {"Authorization": issue(here.settings, user(), time.time() - 3600)}
    async with httpx.AsyncClient() as plain:
        for path in ("/sessions/", "/events/", "/cluster/", "/", "/table/sessions/", "/router/", "/nothing"):
            assert (await plain.get(here.urls[0] + path)).status_code == 401
            assert (await plain.get(here.urls[0] + path, headers=stale)).status_code == 401
        fresh = {"Authorization": issue(here.settings, user(), time.time()), "Accept": "text/html"}
        assert "<table" in (await plain.get(f"{here.urls[0]}/sessions/", headers=fresh)).text
        for path in ("/table/sessions/", "/router/"):
            assert (await plain.get(here.urls[0] + path, headers=fresh)).status_code == 404, "Faust's own are off"
        form = await plain.post(f"{here.urls[0]}/sessions/shop%7Cx/flush", headers=fresh, data={"why": "x"})
        assert form.status_code == 415


async def flushed_by_an_operator(here: Here) -> None:
    await here.workers[1].flush(user("operator"), "shop", NAMES[3], "a customer asked")
    batches = await read_until(here.settings, here.settings.topic("batches"), lambda found: len(found) >= 1)
    [batch] = [decode_batch(record.value) for record in batches]
    assert (batch.session_id, batch.reason, batch.events[0].event.event_id) == (NAMES[3], "operator", "shop-3")

    async def closed() -> bool:
        view = await here.workers[0].show(user(), "shop", NAMES[3])
        return view is not None and view.row.status == "closed" and view.seen == 1

    await eventually(closed)
    (place,) = (await here.workers[0].find(user(), "shop-3")).places
    assert (place.row.session_id, place.event, place.stay) == (NAMES[3], None, None), "it left, and is remembered"


async def erased_by_an_admin(here: Here) -> None:
    await here.workers[0].erase(user("admin"), "shop", NAMES[4], "asked by letter")
    rejects = await read_until(here.settings, here.settings.topic("rejects"), lambda found: len(found) >= 1)
    [reject] = [decode_reject(record.value) for record in rejects]
    assert (reject.event_id, reject.reason) == ("shop-4", "erased on request")
    view = await here.workers[1].show(user(), "shop", NAMES[4])
    assert view is not None and (view.row.held, view.identity) == (0, {})
    assert len(await read_all(here.settings, here.settings.topic("batches"))) == 1, "nothing of it was delivered"
    audit = [
        decode_ledger_input(record.value)
        for record in await read_all(here.settings, here.settings.topic("ledger.in"))
    ]
    notes = {note.what: note for note in audit if isinstance(note, Noted)}
    assert (notes["flush"].who, notes["flush"].why) == ("operator", "a customer asked")
    assert (notes["erase"].who, notes["erase"].target) == ("admin", session_key("shop", NAMES[4]).decode())


async def the_command_line_says_the_same(here: Here) -> None:
    listed = await capi(here, "ls", "--tenant", "shop", "--status", "open", "--limit", "500", "--json")
    assert len(msgspec.json.decode(listed, type=SessionList).rows) == 98
    assert b"973dfe46" in await capi(here, "show", f"shop|{NAMES[5]}")
    assert b"asked" in await capi(here, "flush", f"shop|{NAMES[5]}", "--why", "try", "--json")
    await read_until(here.settings, here.settings.topic("batches"), lambda found: len(found) >= 2)


async def capi(here: Here, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "agents.cli", "session", *arguments]
    env = environment(here.settings, CAPI_SESSIONS_URL=here.urls[1], COLUMNS="200")
    done = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


async def a_taken_port_is_said(here: Here, folder: Path) -> None:
    env = environment(here.settings, CAPI_WEB_PORT=here.urls[0].rpartition(":")[2])
    with faust_worker("agents.sessions", env, folder / "3.log") as third:
        assert await asyncio.to_thread(third.wait, 30) != 0
    assert "cannot be had (Address already in use): give each session worker" in (folder / "3.log").read_text()


async def the_one_that_stays_has_all(here: Here) -> None:
    """Killed, not stopped: what it owned is restored by the other, and no list is short without saying so."""
    here.processes[1].kill()

    async def all_here() -> bool:
        try:
            found = await here.workers[0].list(user(), Wanted(limit=500))
        except SessionsError:
            return False
        assert found.partial or len(found.rows) == 101
        return not found.partial

    await eventually(all_here, 60, every_s=0.2)
    cluster = await here.workers[0].cluster(user())
    assert [len(worker.partitions) for worker in cluster.workers] == [2]
