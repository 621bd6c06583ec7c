"""The members of `contents`: those that may be sent, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.quality.problems import Problem, warning

CONTENTS = "custom_data.contents"
NO_ITEM_ID = warning(
    Problem("no_item_id", CONTENTS, "an item without id", "give every item the id that the catalogue knows it by")
)
NO_LIST = warning(Problem("bad_contents", CONTENTS, "contents is no list", "send a list of objects with an id"))


class Items(NamedTuple):
    members: list[dict[str, Any]]
    problems: tuple[Problem, ...]


def items(custom: Mapping[str, Any], id_names: tuple[str, ...] = ("id",)) -> Items:
    """The items that have an id by one of `id_names`."""
    contents = custom.get("contents")
    if contents is None:
        return Items([], ())
    if not isinstance(contents, list | tuple):
        return Items([], (NO_LIST,))
    members = [item for item in contents if isinstance(item, dict) and any(_is_id(item.get(n)) for n in id_names)]
    return Items(members, () if len(members) == len(contents) else (NO_ITEM_ID,))


def _is_id(given: object) -> bool:
    return bool(given) and isinstance(given, str | int) and not isinstance(given, bool)
