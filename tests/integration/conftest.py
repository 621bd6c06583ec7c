"""What the tests of delivery share: the stand-in platforms, and settings that point at them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from agents.platforms import Platforms, running_platforms
from streams.settings import Settings
from tests.rabbit import rabbit_settings


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    async with running_platforms() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, platforms: Platforms) -> Iterator[Settings]:
    """A namespace and a virtual host of its own."""
    with rabbit_settings(tmp_path, meta_url=platforms.url, tiktok_url=platforms.url) as made:
        yield made
