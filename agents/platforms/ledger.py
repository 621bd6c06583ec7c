"""What the stand-in took: each event once, with how often it came. Optionally kept in a file, so that killing the
stand-in forgets nothing that it answered for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from agents.platforms.shapes import Checked, Seen

DEDUP_MS = 48 * 3_600_000  # Meta and TikTok alike: a later copy counts as another event
MERGE_MS = 5 * 60_000  # TikTok adds the match keys of a copy inside this; Meta keeps the first
UNKNOWN, ANSWER = "unknown key: ", "answer: "
Key = tuple[str, str, str, str]


class Entry(msgspec.Struct):
    """One event of one pixel. `count` is how many copies came, `counted` how many the platform would report."""

    platform: str
    pixel: str
    event_id: str
    event_name: str
    event_time: int
    count: int
    counted: int
    first_ms: int
    last_ms: int
    keys: list[str]


class _Line(msgspec.Struct, array_like=True):
    """One line of the file: the events that one request brought, and what it added to the counters."""

    platform: str
    pixel: str
    at_ms: int
    events: list[Seen]
    counters: dict[str, int]


class Ledger:
    """In memory; with `path` also appended there, one JSON line a request, written before the answer."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: dict[Key, Entry] = {}
        self.counters: Counter[str] = Counter()
        self._path = path
        for line in self._stored():
            self._apply(line)
        self._file = path.open("ab", buffering=0) if path else None

    def take(self, platform: str, checked: Checked, at_ms: int) -> None:
        """Remember an accepted request; events and unknown keys."""
        unknown = {f"{UNKNOWN}{key}": n for key, n in checked.unknown_keys.items()}
        self._write(_Line(platform, checked.pixel_id, at_ms, checked.events, unknown))

    def count(self, name: str, platform: str, at_ms: int, by: int = 1) -> None:
        """Add to a counter that must survive, such as `privacy_violations`."""
        self._write(_Line(platform, "", at_ms, [], {name: by}))

    def note(self, platform: str, answer: str) -> None:
        """Count an answer. In memory only: it says how a test went, and proves nothing."""
        self.counters[f"{ANSWER}{platform} {answer}"] += 1

    def clear(self) -> None:
        self.entries.clear()
        self.counters.clear()
        if self._file:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def listing(self, platform: str = "", pixel: str = "") -> dict[str, Any]:
        """`events`, in order of arrival, and `totals`; of one platform or pixel where that is given."""
        chosen = self._chosen(platform, pixel)
        return {"events": msgspec.to_builtins(chosen), "totals": self.totals(platform, pixel)}

    def totals(self, platform: str = "", pixel: str = "") -> dict[str, Any]:
        """Sums over the chosen events; violations, unknown keys and answers are always those of everything."""
        chosen = self._chosen(platform, pixel)
        copies, counted = sum(entry.count for entry in chosen), sum(entry.counted for entry in chosen)
        return {
            "events": len(chosen),
            "accepted": copies,
            "duplicates": copies - counted,
            "counted_twice": counted - len(chosen),
            "by_platform": dict(Counter(entry.platform for entry in chosen)),
            "privacy_violations": self.counters["privacy_violations"],
            "unknown_keys": self._counted(UNKNOWN),
            "answers": self._counted(ANSWER),
        }

    def _chosen(self, platform: str, pixel: str) -> list[Entry]:
        return [e for e in self.entries.values() if platform in ("", e.platform) and pixel in ("", e.pixel)]

    def _counted(self, prefix: str) -> dict[str, int]:
        return {name.removeprefix(prefix): n for name, n in self.counters.items() if name.startswith(prefix)}

    def _write(self, line: _Line) -> None:
        if self._file:
            self._file.write(msgspec.json.encode(line) + b"\n")
        self._apply(line)

    def _apply(self, line: _Line) -> None:
        self.counters.update(line.counters)
        for seen in line.events:
            self._add(line, seen)

    def _add(self, line: _Line, seen: Seen) -> None:
        # without an event_id nothing can be told apart from a copy: each counts
        event_id = seen.event_id or f"(none {len(self.entries)})"
        key = (line.platform, line.pixel, seen.event_name, event_id)
        known = self.entries.get(key)
        if known is None:
            self.entries[key] = Entry(
                line.platform,
                line.pixel,
                event_id,
                seen.event_name,
                seen.event_time_s,
                1,
                1,
                line.at_ms,
                line.at_ms,
                list(seen.keys),
            )
        else:
            _again(known, seen, line.at_ms)

    def _stored(self) -> Iterator[_Line]:
        if not (self._path and self._path.exists()):
            return
        whole, newline, torn = self._path.read_bytes().rpartition(b"\n")
        if torn:  # killed while it wrote: that request was never answered
            with self._path.open("r+b") as file:
                file.truncate(len(whole) + len(newline))
        decode = msgspec.json.Decoder(_Line).decode
        yield from (decode(line) for line in whole.splitlines())


def _again(entry: Entry, seen: Seen, at_ms: int) -> None:
    age_ms = at_ms - entry.first_ms
    if age_ms > DEDUP_MS:
        entry.counted, entry.first_ms, entry.keys = entry.counted + 1, at_ms, list(seen.keys)
    elif entry.platform == "tiktok" and age_ms <= MERGE_MS:
        entry.keys = sorted({*entry.keys, *seen.keys})
    entry.count += 1
    entry.last_ms = at_ms
