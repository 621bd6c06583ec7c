"""The base of every value, its only encoding, and the key of a session."""

from __future__ import annotations

import msgspec

# What a decoder of this package raises for bytes that are no such value; deep nesting is the third
UNREADABLE: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """Base of every value: immutable, small on the wire, keyword-only, part of no reference cycle."""


encode = msgspec.json.Encoder().encode


def session_key(tenant: str, session_id: str) -> bytes:
    """Key of a session in every topic and table: raw bytes, so that Faust routes by the same hash."""
    return f"{tenant}|{session_id}".encode()
