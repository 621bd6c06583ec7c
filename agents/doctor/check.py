"""The outcome of one check: a value, so that the doctor prints, counts and tests it in one place."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["ok", "warning", "failed"]


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """`found` says what is there; `todo` says what to do about it, and is empty only when all is well."""

    name: str
    verdict: Verdict
    found: str
    todo: str = ""


def ok(name: str, found: str) -> Check:
    return Check(name, "ok", found)


def failed(name: str, found: str, todo: str) -> Check:
    return Check(name, "failed", found, todo)


def warning(name: str, found: str, todo: str) -> Check:
    return Check(name, "warning", found, todo)
