"""An event's amount: what of it may be sent, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from streams.quality.problems import Problem, warning

VALUE, CURRENCY = "custom_data.value", "custom_data.currency"
MOST = 2**53  # beyond it JSON readers lose digits
SEND_VALUE = "send custom_data.value as a number, such as 59.9"
SEND_CURRENCY = "send custom_data.currency as an ISO 4217 code that the platform knows, such as EUR"

NO_VALUE = Problem("no_value", VALUE, "Purchase without a value", SEND_VALUE)
BAD_VALUE = Problem("bad_value", VALUE, "the value is not a finite number", SEND_VALUE)
NO_CURRENCY = Problem("no_currency", CURRENCY, "an amount without a currency", SEND_CURRENCY)
BAD_CURRENCY = Problem("bad_currency", CURRENCY, "not a currency of this platform", SEND_CURRENCY)
PURCHASE = {
    BAD_VALUE: Problem("bad_value", VALUE, "Purchase without a usable value", SEND_VALUE),
    NO_CURRENCY: Problem("no_currency", CURRENCY, "Purchase without a currency", SEND_CURRENCY),
    BAD_CURRENCY: Problem("bad_currency", CURRENCY, "Purchase without a currency of this platform", SEND_CURRENCY),
}


class Amount(NamedTuple):
    """`members` are `value` and `currency` as they may be sent, each only when it is usable."""

    members: dict[str, Any]
    problems: tuple[Problem, ...]


def amount(custom: Mapping[str, Any], currencies: Set[str], is_purchase: bool, required: bool) -> Amount:
    """The usable half or halves of the amount. `required`: the platform refuses a Purchase without both.

    A value whose currency cannot be sent is not sent either: the platform would count it in another currency.
    """
    value, currency = _value(custom.get("value")), _currency(custom.get("currency"), currencies)
    found = [problem for problem in (value, currency) if isinstance(problem, Problem)]
    members: dict[str, Any] = {}
    if not isinstance(value, Problem | None) and currency is not BAD_CURRENCY:
        members["value"] = value
    if isinstance(currency, str):
        members["currency"] = currency
    if is_purchase and value is None:
        found.append(NO_VALUE)
    if currency is None and (is_purchase or "value" in members):
        found.append(NO_CURRENCY)
    if is_purchase:
        found = [PURCHASE.get(problem, problem) for problem in found]
    if not (is_purchase and required):
        found = [warning(problem) for problem in found]
    return Amount(members, tuple(found))


def _value(given: object) -> float | Problem | None:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given if abs(given) <= MOST else BAD_VALUE  # what is no number is not below it either
    return None if given is None else BAD_VALUE


def _currency(given: object, currencies: Set[str]) -> str | Problem | None:
    if given is None:
        return None
    code = given.upper() if isinstance(given, str) else ""
    return code if code in currencies else BAD_CURRENCY
