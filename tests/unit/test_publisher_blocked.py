"""Under an alarm a publish is tried again and again; in between, RabbitMQ is still blocked."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from sinks.rabbit import Message, Publisher, PublishError
from streams.settings import load_settings

MESSAGE = Message(routing_key="meta.view", message_id="m", body=b"{}")


class FakeLink:
    """Blocked until it is dropped, as a connection under an alarm."""

    alarm = True

    def __init__(self, url: str, name: str) -> None:
        self.blocked = self.alarm

    async def open(self, timeout_s: float) -> SimpleNamespace:
        return SimpleNamespace(is_closed=False, connection=SimpleNamespace(is_opened=True))

    def drop(self) -> None:
        self.blocked = False


async def fake_write(*_: object) -> SimpleNamespace:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if not FakeLink.alarm:
        future.set_result(None)
    return SimpleNamespace(future=future)


async def test_blocked_until_a_write_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sinks.rabbit.publisher.Link", FakeLink)
    monkeypatch.setattr("sinks.rabbit.publisher.write", fake_write)
    monkeypatch.setattr(FakeLink, "alarm", True)
    publisher = Publisher(load_settings(confirm_timeout_s=0.01))
    with pytest.raises(PublishError, match="no confirm"):
        await publisher.publish("capi_retry", [MESSAGE])
    assert publisher.blocked
    monkeypatch.setattr(FakeLink, "alarm", False)
    await publisher.publish("capi_retry", [MESSAGE])
    assert not publisher.blocked
