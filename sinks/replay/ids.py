"""A set of jobs in 8 bytes each. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b

RUN = 500_000  # sorting one run takes 20 MB for a moment

Identity = tuple[str, str, str, str]  # platform, pixel, event name in the platform's words, event_id


class JobIds:
    """Add, then ask. Two look alike with a chance of one in 2^64 a pair; then one is not sent again."""

    def __init__(self) -> None:
        self._runs: list[array[int]] = []
        self._open: array[int] = array("Q")

    def add(self, identity: Identity) -> None:
        self._open.append(_digest(identity))
        if len(self._open) >= RUN:
            self._close()

    def __contains__(self, identity: Identity) -> bool:
        if self._open:
            self._close()
        digest = _digest(identity)
        return any(_has(run, digest) for run in self._runs)

    def _close(self) -> None:
        self._runs.append(array("Q", sorted(self._open)))
        self._open = array("Q")


def _has(run: array[int], digest: int) -> bool:
    at = bisect_left(run, digest)
    return at < len(run) and run[at] == digest


def _digest(identity: Identity) -> int:
    text = "\0".join(identity).encode(errors="replace")
    return int.from_bytes(blake2b(text, digest_size=8).digest())
