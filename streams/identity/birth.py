"""Date of birth: YYYYMMDD, from the forms that can be read in one way only.

Source: Meta "Customer Information Parameters" (db), read November 2026.
"""

from __future__ import annotations

import datetime
import re

from streams.identity.text import fold
from streams.identity.values import Bad

_YEAR_FIRST = re.compile(r"(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?:[T ].*)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})")
FIRST_YEAR, LAST_YEAR = 1900, 2099


def birth_date(text: str, region: str = "") -> str | Bad:
    """`1997-02-16`, `19970216`, `2/16/1997`, `16.02.1997` -> `19970216`; `02/03/1997` is not used."""
    given = fold(text)
    if found := _YEAR_FIRST.fullmatch(given):
        if not found[2] and len(found[3] + found[4]) != 4:
            return Bad("is not a date")
        return _compact(int(found[1]), int(found[3]), int(found[4]))
    found = _YEAR_LAST.fullmatch(given)
    return (
        _year_last(int(found[1]), int(found[3]), int(found[4])) if found else Bad("is not a date with a full year")
    )


def _year_last(first: int, second: int, year: int) -> str | Bad:
    if first <= 12 and second <= 12 and first != second:
        return Bad("could be day/month or month/day")
    return _compact(year, first, second) if second > 12 else _compact(year, second, first)


def _compact(year: int, month: int, day: int) -> str | Bad:
    try:
        date = datetime.date(year, month, day)
    except ValueError:
        return Bad("is not a date of the calendar")
    return f"{date:%Y%m%d}" if FIRST_YEAR <= year <= LAST_YEAR else Bad("is not in 1900 to 2099")
