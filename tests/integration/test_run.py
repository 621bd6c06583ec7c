"""`capi run` with real roles: provisions, starts, and ends with 0 on SIGTERM; a purchase's way through all."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from agents.access.user_file import changing
from agents.access.users import Account
from agents.provision import plan_topics
from sinks.kafka_admin import kafka_admin
from streams.settings import load_settings
from streams.topics import topics
from tests.e2e.visits import taken, visit
from tests.integration.parked_jobs import capi
from tests.kafka import eventually
from tests.site import Site, free_port, site
from tests.unit.console.desk import PASSWORD, password_hash

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]


async def test_run_provisions_starts_the_role_and_stops_it(tmp_path: Path) -> None:
    namespace = f"test-{uuid4().hex[:12]}"
    settings = load_settings(namespace=namespace)
    env = {"CAPI_NAMESPACE": namespace, "CAPI_STATE_DIR": str(tmp_path / "not" / "there"), "CAPI_WEB_PORT": "0"}
    run = subprocess.Popen(
        [sys.executable, "-m", "agents.cli", "run", "--roles", "ingest", "--json"],
        env=os.environ | env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert run.stdout is not None
        assert run.stderr is not None
        assert json.loads(run.stdout.readline())["event"] == "started"
        assert await plan_topics(settings) == []
        assert any("ready" in line for line in run.stderr), "the role never got ready"
        run.send_signal(signal.SIGTERM)
        rest, _ = run.communicate(timeout=40)
        assert [json.loads(line)["event"] for line in rest.splitlines()] == ["stopped"]
        assert run.returncode == 0
    finally:
        run.kill()
        run.wait()
        async with kafka_admin(settings.kafka_servers) as client:
            await client.delete_topics([spec.name for spec in topics(settings)])


async def console_page(client: httpx.AsyncClient, path: str) -> str:
    """Behind the login; "" while the console does not answer so."""
    try:
        answer = await client.get(path)
        if answer.url.path == "/login":
            found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
            form = {"csrf": found[1] if found else "", "name": "ada", "password": PASSWORD}
            await client.post("/login", data=form)
            answer = await client.get(path)
    except httpx.TransportError:
        return ""
    return answer.text if answer.status_code == 200 else ""


async def stopped(here: Site, run: subprocess.Popen[bytes]) -> None:
    run.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(run.wait, 60) == 0, here.logs()


async def test_the_usual_roles_take_a_purchase_to_the_platforms_and_the_console_finds_it(tmp_path: Path) -> None:
    console, views = free_port(), free_port()
    with changing(tmp_path / "users.toml") as accounts:
        accounts["ada"] = Account("viewer", password_hash())
    url = f"http://127.0.0.1:{console}"
    places = {
        "state_dir": tmp_path / "state",
        "web_port": views,
        "sessions_url": f"http://127.0.0.1:{views}",
        "console_port": console,
        "console_url": url,
        "console_users": tmp_path / "users.toml",
        "internal_secret": f"file:{tmp_path}/internal.secret",
        "idle_s": 60,
        "max_age_s": 90,
    }
    with site(tmp_path, **places) as here:
        run = here.process("run", ["agents.cli", "run", "--json"])
        async with httpx.AsyncClient(base_url=url, follow_redirects=True, timeout=20) as client:
            *before, purchase = visit("whole")
            await here.produce(*before)
            held = f"/trace?event_id={before[0]['event_id']}"

            async def is_held() -> bool:
                return "Held in session whole" in await console_page(client, held)

            await eventually(is_held, 90)
            await here.produce(purchase)
            way = f"/trace?event_id={purchase['event_id']}"

            async def is_told() -> bool:
                return "Delivered to Meta and TikTok" in await console_page(client, way)

            await eventually(is_told, 60)
            assert {line["count"] for line in taken(here, "whole").values()} == {1}

            async def is_counted() -> bool:
                text = await console_page(client, "/cluster")
                return "sessions.in" in text and "meta_queue" in text and "retry_1s" in text

            await eventually(is_counted, 30)
        told = await asyncio.to_thread(capi, here.settings, tmp_path, "dest", "ls")
        lanes = {row["platform"]: row["lane"] for row in told["destinations"]}
        assert {lane["state"] for lane in lanes.values()} == {"open"}
        assert all(lane["post_p50_ms"] > 0 and lane["waiting"] == 0 for lane in lanes.values())
        await stopped(here, run)
    events = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines() if line[:1] == "{"]
    assert {one["worker"] for one in events if one["event"] == "started"} == {
        "ingest",
        "sessions",
        "visitors",
        "dispatch",
        "deliver",
        "ledger",
    }
    assert not [one for one in events if one["event"] not in ("started", "stopped")]
