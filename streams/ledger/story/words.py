"""Words of the story of an event: plain ones, the same on the page and on the command line."""

from __future__ import annotations

from collections.abc import Sequence

FLUSHES = {
    "purchase": "an order came, so the session's events left at once",
    "idle": "the visitor was silent for long enough",
    "max_age": "its oldest event had been held for as long as is allowed",
    "size": "the session held as much as is allowed",
    "identity": "someone else logged in, so the events of the person before left",
    "merge_window": "it left early, so that the platforms still merge it with the browser's copy",
    "immediate": "this tenant's events are not held",
    "operator": "a person said so",
}
VISITORS = {
    "external_id": "the shop's id of the visitor",
    "fbp": "Meta's browser cookie",
    "ttp": "TikTok's browser cookie",
}
NAMES = {"tiktok": "TikTok"}


def named(platform: str) -> str:
    """`meta` is Meta, `tiktok` is TikTok."""
    return NAMES.get(platform, platform.capitalize())


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def span(ms: float) -> str:
    """A length of time with at most two units: `850 ms`, `4.2 s`, `31 s`, `4 min`, `2 h 5 min`, `3 d 4 h`."""
    seconds = abs(ms) / 1000
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{int(seconds)} s"
    minutes, hours = int(seconds / 60), int(seconds / 3600)
    if hours < 1:
        return f"{minutes} min"
    days, hours_left = divmod(hours, 24)
    if days < 2:
        return _two(hours, "h", minutes % 60, "min")
    return _two(days, "d", hours_left, "h")


def capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def because(why: str, code: str) -> str:
    """` (rate limit, 40100)`, "" when neither is known."""
    known = [word for word in (why, code) if word]
    return f" ({', '.join(known)})" if known else ""


def _two(whole: int, unit: str, part: int, smaller: str) -> str:
    return f"{whole} {unit} {part} {smaller}" if part else f"{whole} {unit}"
