"""The console's users: a TOML file with argon2 hashes, read again when it changes. Its writer is user_file.py."""

from __future__ import annotations

import tomllib
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

import msgspec
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from argon2.profiles import RFC_9106_LOW_MEMORY

log = structlog.get_logger(__name__)

Role = Literal["viewer", "marketer", "operator", "admin"]  # each may do what those before it may
ROLES: tuple[Role, ...] = get_args(Role)
HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)  # 64 MiB, 3 passes


class User(msgspec.Struct, frozen=True):
    """Somebody who may look, and what at. `tenants` None is all."""

    name: str
    role: Role
    tenants: tuple[str, ...] | None = None

    def may(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, tenant: str) -> bool:
        return self.tenants is None or tenant in self.tenants

    def scope(self, asked: str = "") -> tuple[str, ...] | None:
        """What a question's `tenants` is to be; of one tenant when asked for and seen, else none."""
        if not asked:
            return self.tenants
        return (asked,) if self.sees(asked) else ()


class Account(msgspec.Struct, frozen=True):
    """One entry of the file. Without a password somebody comes by a trusted proxy only."""

    role: Role
    password: str = ""  # argon2's encoded hash
    tenants: tuple[str, ...] | None = None

    @property
    def version(self) -> str:
        """Changes with the password, the role and the scope: a login is good for one version only."""
        return sha256(msgspec.json.encode(self)).hexdigest()[:16]

    def user(self, name: str) -> User:
        return User(name, self.role, self.tenants)


class Accounts(msgspec.Struct, frozen=True):
    users: dict[str, Account] = {}


class UsersError(Exception):
    """The file of users cannot be used; the message says where and what to do."""


def read_accounts(path: Path) -> dict[str, Account]:
    """Nobody when there is no file. Raises UsersError."""
    try:
        text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), Accounts).users
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # of TOML, UTF-8 and msgspec
        why = type(error).__name__ if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise UsersError(f"{path} (CAPI_CONSOLE_USERS) cannot be used: {why}") from error


class Users:
    """Accounts as the file has them now. A file that cannot be read lets nobody in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._accounts: dict[str, Account] = {}

    @property
    def accounts(self) -> dict[str, Account]:
        stamp = self._stamp()
        if stamp != self._seen:
            try:
                self._accounts = read_accounts(self.path)
            except UsersError as error:
                log.error("nobody can log in", why=str(error))
                self._accounts = {}
            self._seen = stamp
        return self._accounts

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def check(self, name: str, password: str) -> User | None:
        """Takes a tenth of a second, as long for names that nobody has: call it in a thread."""
        account = self.accounts.get(name)
        usable = account is not None and bool(account.password)
        try:
            HASHER.verify(account.password if account and usable else _nobody(), password)
        except (VerificationError, InvalidHashError):
            return None
        return account.user(name) if account and usable else None

    def user(self, name: str) -> User | None:
        account = self.accounts.get(name)
        return account.user(name) if account else None

    def version(self, name: str) -> str:
        """ "" for nobody."""
        account = self.accounts.get(name)
        return account.version if account else ""


def _nobody() -> str:
    """The hash of no password, which takes as long to check as somebody's; made without the work of making one."""
    salt, digest = (b64encode(bytes(size)).rstrip(b"=").decode() for size in (HASHER.salt_len, HASHER.hash_len))
    costs = f"m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"
