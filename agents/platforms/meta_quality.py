"""The stand-in's Dataset Quality: a score of its own, so that it and our estimate can be told apart.

Source: developers.facebook.com/docs/marketing-api/conversions-api/dataset-quality-api, read November 2026, for the
shape and the names `email`, `external_id`, `ip_address`, `user_agent`; how Meta scores is not published.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

STRONG = frozenset({"em", "ph", "fbc", "external_id"})
IDENTIFIERS = {"em": "email", "ph": "phone", "client_ip_address": "ip_address", "client_user_agent": "user_agent"}


def match_quality(events: Iterable[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    """The answer's body, of event names with the keys of each event."""
    keys_of: dict[str, list[Sequence[str]]] = defaultdict(list)
    for name, keys in events:
        keys_of[name].append(keys)
    return {"web": [{"event_name": name, "event_match_quality": _quality(keys_of[name])} for name in keys_of]}


def _quality(events: Sequence[Sequence[str]]) -> dict[str, Any]:
    points = [min(10, sum(2 if key in STRONG else 1 for key in keys)) for keys in events]
    counts = Counter(key for keys in events for key in keys)
    feedback = [
        {"identifier": IDENTIFIERS.get(key, key), "coverage": {"percentage": round(100 * n / len(events), 2)}}
        for key, n in sorted(counts.items())
    ]
    return {"composite_score": round(sum(points) / len(points), 1), "match_key_feedback": feedback}
