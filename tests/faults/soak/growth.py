"""How fast what a process has grows, and which growth is none. Pure.

Growth by design is told from a leak by what the process says that it keeps: the tables of visitors and ledger fill
for their whole retention, so a key may cost so many bytes, and what grows beside that is a leak.
Everything else (known ids, caches, buffers) is full after the warm-up, and has to stay as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

WARM_UP = 1 / 3  # of the time
RSS_BYTES_A_MINUTE = 512 * 1024  # noise of the allocator; 15 MB over half an hour
FILES_A_MINUTE = 0.5
# Bytes of a key with its row and its places in indexes
KEY_BYTES = {"visitors": 2_000, "ledger": 12_000, "sessions": 4_000}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    at_s: float
    rss_bytes: int
    files: int
    threads: int
    sockets: int
    keys: float


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Of one role. `_a_minute` are slopes after the warm-up; `by_design` is what the table's new keys may cost."""

    role: str
    rss_mb: float
    rss_bytes_a_minute: float
    by_design_bytes_a_minute: float
    files: int
    files_a_minute: float
    threads: int
    threads_a_minute: float
    sockets: int
    sockets_a_minute: float
    lives: int

    @property
    def problems(self) -> tuple[str, ...]:
        found = []
        if self.lives > 1:
            found.append(f"{self.role} ended {self.lives - 1} times")
        if self.rss_bytes_a_minute > RSS_BYTES_A_MINUTE + self.by_design_bytes_a_minute:
            found.append(f"{self.role} grows by {self.rss_bytes_a_minute / 1024:.0f} kB a minute")
        for name in ("files", "threads", "sockets"):
            if (slope := getattr(self, f"{name}_a_minute")) > FILES_A_MINUTE:
                found.append(f"{self.role} has {slope:.1f} {name} more each minute")
        return tuple(found)


def growth(role: str, samples: Sequence[Sample]) -> Growth:
    """`samples` are at least two, by time."""
    warm_s = samples[0].at_s + WARM_UP * (samples[-1].at_s - samples[0].at_s)
    warm, last = [one for one in samples if one.at_s >= warm_s], samples[-1]

    def a_minute(name: str) -> float:
        return 60 * slope([(one.at_s, getattr(one, name)) for one in warm])

    key_bytes = KEY_BYTES.get(role.partition("-")[0], 0)
    return Growth(
        role=role,
        rss_mb=round(last.rss_bytes / 1024**2, 1),
        rss_bytes_a_minute=a_minute("rss_bytes"),
        by_design_bytes_a_minute=max(0.0, a_minute("keys")) * key_bytes,
        files=last.files,
        files_a_minute=a_minute("files"),
        threads=last.threads,
        threads_a_minute=a_minute("threads"),
        sockets=last.sockets,
        sockets_a_minute=a_minute("sockets"),
        lives=len({one.pid for one in samples}),
    )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line through them by least squares; 0 for fewer than two times."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
