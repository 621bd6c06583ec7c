"""docs/privacy.md names everything that keeps something, and nothing that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.cli import VERBS
from sinks.topology import definitions
from streams.settings import Settings, load_settings
from streams.topics import topics
from tests.workers import ROOT

TEXT = (ROOT / "docs/privacy.md").read_text(encoding="utf-8")
NAMES = {name.rstrip(":…") for name in re.findall(r"`([^`]+)`", TEXT)}
SETTINGS = load_settings(namespace="capi")


def redis_families() -> Iterator[str]:
    """Of every key that the code makes of the namespace, and of those of the intake's queue."""
    for path in [*(ROOT / "sinks").rglob("*.py"), *(ROOT / "agents/collect").rglob("*.py")]:
        code = path.read_text(encoding="utf-8")
        yield from (f"capi:{name}" for name in re.findall(r'f"\{\w*\.?_?namespace\}:(\w+)', code))
        yield from (f"capi:{name}" for name in re.findall(r'namespace\.encode\(\) \+ b":(\w+)', code))
    queue = (ROOT / "agents/intake/queue.py").read_text(encoding="utf-8")
    yield from (f"queue:capi:{name}" for name in re.findall(r'_key\(f?"(\w+)', queue))


def test_every_topic_is_there_and_none_that_is_not() -> None:
    known = {spec.name for spec in topics(SETTINGS)}
    named = {name for name in NAMES if re.fullmatch(r"capi\.[a-z.]+|capi-.+-changelog", name)}
    assert named == known


def test_every_queue_is_there() -> None:
    queues = {queue["name"] for queue in definitions(SETTINGS)["queues"]}
    assert {name for name in queues if not name.startswith("retry_")} <= NAMES
    assert {name for name in NAMES if re.fullmatch(r"\w+_queue|retry_\w+|capi_(parked|unrouted)", name)} <= queues


def test_every_family_of_redis_keys_is_there_and_none_that_is_not() -> None:
    families = set(redis_families())
    assert len(families) >= 10, "they are found in the code"
    named = {name for name in NAMES if name.startswith(("capi:", "queue:capi:"))}
    assert named == families


def test_every_setting_and_verb_exists() -> None:
    settings = set(re.findall(r"CAPI_([A-Z_]+[A-Z])", TEXT))
    assert settings
    assert settings <= {name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"`capi ([a-z]+)", TEXT)) <= set(VERBS)


def test_times_are_those_of_the_topics() -> None:
    days = {spec.name: int(spec.config.get("retention.ms", 0)) // 86_400_000 for spec in topics(SETTINGS)}
    for row in re.findall(r"^\| (.+?) \| .+? \| (\d+) days? \|", TEXT, re.M):
        told = [name for name in re.findall(r"`(capi\.[a-z.]+)`", row[0]) if name in days]
        assert {name: days[name] for name in told} == dict.fromkeys(told, int(row[1]))
