"""Secrets in files, by detect-secrets: every file of the repository. What is none is listed in known_secrets.toml.

Hashing is what this project does, so digests are everywhere in its vectors, golden files and pins: those files are
read without the detectors of entropy. In tests passwords are made up, so there the word `password` says nothing.
"""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings, transient_settings

KNOWN = Path(__file__).parent / "known_secrets.toml"
DIGESTS = ("requirements.lock", "tests/unit/vectors/", "tests/data/", "tests/contract/")
WORDS, ENTROPY = {"KeywordDetector"}, {"HexHighEntropyString", "Base64HighEntropyString"}


class Found(NamedTuple):
    """`digest` is the SHA-1 of the secret, as detect-secrets has it."""

    file: str
    digest: str
    line: int
    kind: str


def secrets() -> bool:
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split("\0") if name and Path(name).is_file()]
    known = tomllib.loads(KNOWN.read_text(encoding="utf-8"))["known"]
    new, gone = differences(set(scan(files)), {digest for one in known for digest in one["sha1"]})
    print("\n  ".join([f"secrets: {len(new)} new in {len(files)} files", *new, *gone]))
    return not new and not gone


def differences(found: Iterable[Found], known: Collection[str]) -> tuple[list[str], list[str]]:
    """What is not known, and what is known but nowhere any more."""
    found = sorted(found)
    new = [f"{one.file}:{one.line} {one.kind} {one.digest}" for one in found if one.digest not in known]
    return new, [f"{digest} is nowhere any more" for digest in sorted({*known} - {one.digest for one in found})]


def scan(files: Iterable[str]) -> Iterator[Found]:
    groups: dict[frozenset[str], list[str]] = {}
    for name in files:
        groups.setdefault(frozenset(detectors_off(name)), []).append(name)
    for off, names in groups.items():
        yield from _scan(names, off)


def detectors_off(name: str) -> set[str]:
    off = WORDS if name.startswith("tests/") else set()
    return off | ENTROPY if name.startswith(DIGESTS) or name.endswith(("vendored.toml", KNOWN.name)) else off


def _scan(names: Iterable[str], off: Collection[str]) -> Iterator[Found]:
    with default_settings() as usual:
        plugins = [{"name": name, **how} for name, how in usual.plugins.items() if name not in off]
    with transient_settings({"plugins_used": plugins}):
        for name in names:
            collection = SecretsCollection()
            collection.scan_file(name)
            yield from (Found(name, one.secret_hash, one.line_number, one.type) for _, one in collection)
