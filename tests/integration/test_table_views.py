"""The sessions table is a Faust table: web views of Faust see it, and route a key to the worker that owns it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from streams.events import Event, UserData, encode
from tests.kafka import eventually, fresh_settings, producer_of, topics_of
from tests.site import free_port
from tests.workers import environment, faust_worker

pytestmark = pytest.mark.stack
KEYS = [f"visit-{number}" for number in range(8)]


async def test_web_views_see_every_session_from_every_worker(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    settings = fresh_settings(session_timeout_s=6, idle_s=60)
    module = "tests.integration.viewed_app"
    async with topics_of(settings), producer_of(settings) as producer:
        first, second = (environment(settings, CAPI_WEB_PORT=str(port)) for port in ports)
        with faust_worker(module, first, tmp_path / "1.log"), faust_worker(module, second, tmp_path / "2.log"):
            for session_id in KEYS:
                event = Event(
                    event_id=session_id,
                    event_name="PageView",
                    event_time_ms=1,
                    tenant="default",
                    session_id=session_id,
                    user=UserData(em=("a" * 64,)),
                )
                await producer.send_and_wait(settings.topic("sessions.in"), encode(event), event.key)

            async def all_seen() -> bool:
                async with httpx.AsyncClient(follow_redirects=True) as client:
                    views = [await view(client, port, key) for port in ports for key in KEYS]
                return all(found == {"held": 1, "known": ["em"]} for found in views)

            await eventually(all_seen, 60, every_s=1)


async def view(client: httpx.AsyncClient, port: int, session_id: str) -> Any:
    try:
        answer = await client.get(f"http://127.0.0.1:{port}/sessions/{quote(f'default|{session_id}')}/")
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None
