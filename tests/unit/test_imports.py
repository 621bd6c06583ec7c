"""The architecture as a test: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("streams", "sinks", "agents")  # each may import itself and those before it
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))

# Rules decide; they have no client library, clock, randomness or environment. In streams everything is a rule
# but these, and a rule may be told the first two:
VALUES = ("streams/settings", "streams/tenants.py")
NO_RULES = (*VALUES, "streams/log.py", "streams/runs")
RULES_OUTSIDE_STREAMS = (
    "sinks/platforms",
    "sinks/jobs.py",
    "sinks/topology.py",
    "sinks/topology_plan.py",
    "sinks/deliver/batching.py",
    "sinks/deliver/policy.py",
    "sinks/deliver/splitting.py",
)
PURE_STDLIB = frozenset(
    [
        "__future__",
        "abc",
        "array",
        "base64",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "email",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "importlib",
        "ipaddress",
        "itertools",
        "json",
        "math",
        "operator",
        "pkgutil",
        "re",
        "string",
        "struct",
        "sys",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib",
        "uuid",
        "zlib",
    ]
)
PURE_PACKAGES = frozenset({"msgspec", "phonenumbers", "idna", "crawlerdetect"})
IMPURE_NAMES = frozenset({"urllib.request", "uuid.uuid1", "uuid.uuid4", "datetime.now", "datetime.utcnow"})

CLIENTS = {
    "kafka": ("aiokafka", "faust", "mode"),
    "rabbitmq": ("aio_pika", "aiormq", "pamqp"),
    "redis": ("redis",),
    "http client": ("httpx",),
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere, `from a import b` as `a.b`; type-checking blocks count too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(path: Path, places: tuple[str, ...]) -> bool:
    """Whether a file or module (without .py) is one of the places, or in a folder among them."""
    name = path.relative_to(ROOT).as_posix().removesuffix(".py")
    roots = {place.removesuffix(".py") for place in places}
    return any(name == root or name.startswith(f"{root}/") for root in roots)


def is_rule(path: Path) -> bool:
    in_streams = path.relative_to(ROOT).parts[0] == "streams" and not under(path, NO_RULES)
    return in_streams or under(path, RULES_OUTSIDE_STREAMS)


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


RULES = [path for path in FILES if is_rule(path)]


@pytest.mark.parametrize("path", FILES, ids=short)
def test_imports_run_from_agents_over_sinks_to_streams(path: Path) -> None:
    layer = LAYERS.index(path.relative_to(ROOT).parts[0])
    later = {*LAYERS[layer + 1 :], "tests", "deploy", "bench"}
    assert not {name for name in imported(path) if name.split(".")[0] in later}


@pytest.mark.parametrize("path", RULES, ids=short)
def test_rules_import_no_client_no_clock_no_chance(path: Path) -> None:
    assert not {name for name in imported(path) if not is_pure(name)}


def is_pure(name: str) -> bool:
    top = name.split(".")[0]
    if top in LAYERS:
        return is_rule_or_value(name)
    return name not in IMPURE_NAMES and (top in PURE_PACKAGES or top in PURE_STDLIB)


def is_rule_or_value(name: str) -> bool:
    """`name` is a module, or something in one."""
    named = ROOT / name.replace(".", "/")
    module = named if named.is_dir() or named.with_suffix(".py").exists() else named.parent
    return is_rule(module) or under(module, VALUES)


@pytest.mark.parametrize("path", RULES, ids=short)
def test_rules_do_not_ask_the_clock(path: Path) -> None:
    asked = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
    assert not asked & {"now", "utcnow", "today", "uuid4", "uuid1", "environ", "getenv"}


@pytest.mark.parametrize("path", FILES, ids=short)
def test_one_client_library_a_file(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    found = {kind for kind, packages in CLIENTS.items() if tops & set(packages)}
    assert len(found) <= 1


@pytest.mark.parametrize(
    "name",
    [
        "random",
        "time.time",
        "os.environ",
        "uuid.uuid4",
        "redis.asyncio.Redis",
        "streams.log.setup",
        "streams.runs.Run",
        "sinks.rabbit_admin.RabbitAdmin",
        "agents.cli",
    ],
)
def test_what_rules_may_not_import(name: str) -> None:
    assert not is_pure(name)


def test_the_places_that_are_listed_exist() -> None:
    """A renamed rule must not leave the list unseen."""
    listed = (*NO_RULES, *RULES_OUTSIDE_STREAMS)
    assert not {place for place in listed if not (ROOT / place).exists()}
