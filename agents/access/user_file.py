"""Writes the file of users: whole or not at all, readable by its owner only, by one command at a time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agents.access.users import Account, UsersError, read_accounts

HEAD = "# The console's users. Written by `capi users`; the console reads it anew by itself.\n"


@contextmanager
def changing(path: Path) -> Iterator[dict[str, Account]]:
    """The accounts, to be changed in place; written when the block ends well. Raises UsersError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        accounts = read_accounts(path)
        yield accounts
        try:
            _replace(path, rendered(accounts))
        except OSError as error:
            raise UsersError(f"{path} (CAPI_CONSOLE_USERS) cannot be written: {error.strerror}") from error


def rendered(accounts: Mapping[str, Account]) -> str:
    """As TOML, whose basic strings are JSON's."""
    lines = [HEAD]
    for name, account in sorted(accounts.items()):
        lines += [f"[users.{json.dumps(name)}]", f'role = "{account.role}"']
        lines += [f"password = {json.dumps(account.password)}"] if account.password else []
        lines += [] if account.tenants is None else [f"tenants = {json.dumps(account.tenants)}"]
        lines.append("")
    return "\n".join(lines)


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
