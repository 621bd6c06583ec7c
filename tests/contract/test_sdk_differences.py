"""Meta's own SDK and phonenumbers against our normalisers: every difference is listed, with its reason.

With `pytest -rP` it prints how many differences there are by reason, and both scores against the vendor's rules.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest

from streams.identity import normalise
from tests.contract.sdk import reasons
from tests.contract.sdk.alike import ALIKE
from tests.contract.sdk.forms import Differences, Theirs, ours, ours_e164, plain_e164, sdk, sdk_user
from tests.contract.sdk.numbers import NUMBERS
from tests.contract.sdk.person import PERSON
from tests.contract.sdk.place import PLACE
from tests.contract.sdk.reach import REACH
from tests.contract.sdk.vendor_rules import RULES
from tests.unit.test_imports import FILES, ROOT, imported, short

SDK_RIGHT = 8  # of the vendor rules: what the SDK of the lock file was found to get right
MARK = {True: "ok", False: "--"}

Input = tuple[str, str, str]  # field, region, text
Forms = tuple[str | None, Theirs]


def listed(*tables: Differences) -> dict[Input, Forms]:
    rows = [row for table in tables for group in table.values() for row in group]
    found = {(field, region, text): (own, theirs) for field, region, text, own, theirs in rows}
    assert len(found) == len(rows), "an input is listed twice"
    return found


SDK_DIFFERS = listed(REACH, PERSON, PLACE)
NUMBERS_DIFFER = listed(NUMBERS)
SDK_ALIKE: list[Input] = [
    (field, region, text) for (field, region), texts in ALIKE.items() for text in texts.split("|")
]
CORPUS = [*SDK_DIFFERS, *SDK_ALIKE]


def test_the_corpus_is_large_and_names_each_input_once() -> None:
    assert len(CORPUS) == len(set(CORPUS)) >= 600
    assert min(Counter(field for field, _, _ in CORPUS).values()) >= 25


def test_every_difference_to_the_sdk_is_listed_and_none_has_gone() -> None:
    found = {
        (field, region, text): (ours(field, text, region), sdk(field, text)) for field, region, text in CORPUS
    }
    assert {given: forms for given, forms in found.items() if forms[0] != forms[1]} == SDK_DIFFERS
    print(
        f"{len(CORPUS)} inputs, {len(SDK_DIFFERS)} differences to facebook-business {version('facebook-business')}"
    )
    for why, count in sizes(REACH, PERSON, PLACE).most_common():
        print(f"{count:5}  {why}")


def test_every_difference_to_phonenumbers_is_listed_and_none_has_gone() -> None:
    phones = [given for given in CORPUS if given[0] == "ph"]
    found = {given: (ours_e164(given[2], given[1]), plain_e164(given[2], given[1])) for given in phones}
    assert {given: forms for given, forms in found.items() if forms[0] != forms[1]} == NUMBERS_DIFFER
    print(f"{len(phones)} phones, {len(NUMBERS_DIFFER)} differences to phonenumbers")
    for why, count in sizes(NUMBERS).most_common():
        print(f"{count:5}  {why}")


def sizes(*tables: Differences) -> Counter[str]:
    total = Counter[str]()
    for table in tables:
        total.update({why: len(rows) for why, rows in table.items()})
    return total


def test_every_reason_is_used_and_two_are_never_the_same() -> None:
    known = [text for name, text in vars(reasons).items() if name.isupper()]
    assert len(known) == len(set(known)), "in a table the second would hide the rows of the first"
    assert set(known) == {*REACH, *PERSON, *PLACE, *NUMBERS}


def test_ours_follows_every_vendor_rule_and_the_sdk_a_third() -> None:
    right = {rule: (ours(*rule[:3]) == rule.form, sdk(*rule[:2]) == rule.form) for rule in RULES}
    for rule, (own, theirs) in right.items():
        print(f"{rule.field:12} {rule.text!r:36} {rule.form!s:28} {MARK[own]} {MARK[theirs]}")
    own_right, sdk_right = (sum(column) for column in zip(*right.values(), strict=True))
    print(f"right by the vendor's page: ours {own_right} of {len(RULES)}, Meta's SDK {sdk_right}")
    assert (own_right, sdk_right, len(RULES)) == (25, SDK_RIGHT, 25)


def test_one_bad_field_costs_the_sdk_the_whole_event_and_us_the_field() -> None:
    """What RAISES in the table means for an event: a good address is lost with a bad phone."""
    with pytest.raises(ValueError, match="phone"):
        sdk_user(email="alice@example.com", phone="oops").normalize()
    user, dropped = normalise({"em": "alice@example.com", "ph": "oops"})
    assert user.em and [fault.field for fault in dropped] == ["user_data.ph"]


def test_the_sdk_sends_an_external_id_in_the_clear() -> None:
    assert sdk_user(external_id="alice@example.com").normalize()["external_id"] == ["alice@example.com"]
    assert normalise({"external_id": "alice@example.com"})[0].external_id != ("alice@example.com",)


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_runtime_module_imports_the_sdk(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "facebook_business"}


def test_no_runtime_dependency_brings_the_sdk() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = needed(project["dependencies"])
    assert "aiokafka" in found and "faust-streaming" in found
    assert "facebook-business" not in found
    assert "facebook-business" in needed(project["optional-dependencies"]["dev"])


def needed(requirements: Iterable[str]) -> set[str]:
    """Names of the packages that these lead to, as far as they are installed."""
    found: set[str] = set()
    ahead = list(requirements)
    while ahead:
        name = re.split(r"[^A-Za-z0-9._-]", ahead.pop(), maxsplit=1)[0].lower().replace("_", "-")
        if name not in found:
            found.add(name)
            with suppress(PackageNotFoundError):
                ahead += [further for further in requires(name) or () if "extra ==" not in further]
    return found
