"""Passwords are checked in two threads at most, and not more than a few wait: argon2 is meant to be expensive."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from agents.access.users import User, Users

AT_ONCE, MOST_WAITING = 2, 16
LONGEST = 1_024  # characters of a password

_threads = ThreadPoolExecutor(AT_ONCE, "passwords")
_waiting = 0


class BusyError(Exception):
    """Too many passwords are being checked: try again."""


async def check_password(users: Users, name: str, password: str) -> User | None:
    """The user, None when name or password is wrong. Raises BusyError."""
    global _waiting
    if _waiting >= MOST_WAITING:
        raise BusyError
    _waiting += 1
    try:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads, users.check, name[:LONGEST], password[:LONGEST])
    finally:
        _waiting -= 1
