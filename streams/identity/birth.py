"""Date of birth: YYYYMMDD, from the forms that can be read in one way only.

The year has four digits and a month may be an English word. Day and month as numbers are told apart when the year
stands first, or when one of them exceeds 12. A time of day is left out, the date stays as it is written.
Source: Meta "Customer Information Parameters" (db), read November 2026.
"""

from __future__ import annotations

import datetime
import re

from streams.identity.values import Bad

FIRST_YEAR, LAST_YEAR = 1900, 2099
NO_DATE = "19000101"  # what databases and date pickers hold when nothing was entered

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "(?P<month>[a-z]{3,9})"
_TIME = r"(?:(?:t|,?\s+)\d{1,2}:\d\d.*)?"
_SEPARATOR = r"(?P<by>\s*[-/.]\s*|\s+)"
_BY = _SEPARATOR.replace("(?P<by>", "(?:")

_YEAR_FIRST = re.compile(rf"(\d{{4}}){_SEPARATOR}(\d{{1,2}})(?P=by)(\d{{1,2}})\.?{_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}}){_SEPARATOR}(\d{{1,2}})(?P=by)(\d{{4}}){_TIME}")
_COMPACT = re.compile(rf"(\d\d)(\d\d)(\d\d)(\d\d){_TIME}")
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")
_DAY_MONTH_YEAR = re.compile(
    rf"(?:[a-z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.?{_BY}(?:of\s+)?{_MONTH}[.,]?{_BY}(?P<year>\d{{4}}){_TIME}"
)
_MONTH_DAY_YEAR = re.compile(
    rf"(?:[a-z]{{3}},?\s+)?{_MONTH}\.?{_BY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?{_BY}(?P<year>\d{{4}}){_TIME}"
)


def birth_date(text: str, region: str = "") -> str | Bad:
    """`1997-02-16`, `19970216`, `2/16/1997`, `16.02.1997`, `16 Feb 1997` -> `19970216`; not `02/03/1997`."""
    given = text.lower()
    if found := _YEAR_FIRST.fullmatch(given):
        return _date(found[1], found[3], found[4])
    if found := _EAST_ASIAN.fullmatch(given):
        return _date(found[1], found[2], found[3])
    if found := _YEAR_LAST.fullmatch(given):
        return _year_last(found[1], found[3], found[4])
    if found := _COMPACT.fullmatch(given):
        return _eight_digits(found[1], found[2], found[3], found[4])
    if found := _DAY_MONTH_YEAR.fullmatch(given) or _MONTH_DAY_YEAR.fullmatch(given):
        return _date(found["year"], _month(found["month"]), found["day"])
    return Bad("is not a date with a full year")


def _eight_digits(first: str, second: str, third: str, fourth: str) -> str | Bad:
    """The year comes last when it cannot come first: no month is 19 or 20, so both never fit."""
    year_first = _date(first + second, third, fourth)
    if not isinstance(year_first, Bad) or third not in ("19", "20"):
        return year_first
    return _year_last(first, second, third + fourth)


def _year_last(first: str, second: str, year: str) -> str | Bad:
    if int(first) <= 12 and int(second) <= 12 and int(first) != int(second):
        return Bad("could be day/month or month/day")
    return _date(year, first, second) if int(second) > 12 else _date(year, second, first)


def _month(word: str) -> str:
    """`feb`, `febr`, `february` -> "2"; "0", which no month has, for other words."""
    return next((str(number) for number, name in enumerate(_MONTHS, 1) if name.startswith(word)), "0")


def _date(year: str, month: str, day: str) -> str | Bad:
    try:
        date = datetime.date(int(year), int(month), int(day))
    except ValueError:
        return Bad("is not a date of the calendar")
    if not FIRST_YEAR <= date.year <= LAST_YEAR:
        return Bad("is not in 1900 to 2099")
    return f"{date:%Y%m%d}" if f"{date:%Y%m%d}" != NO_DATE else Bad("is a placeholder")
