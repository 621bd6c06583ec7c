"""Who sent a request to a worker's web views: a role with a pass, or a person with name and password."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256

from agents.access import passes
from agents.access.passwords import BusyError, check_password
from agents.access.tries import Tries
from agents.access.users import User, Users
from streams.settings import Settings

BASIC = "Basic "
CACHED_S, MOST_CACHED = 60.0, 1_000

now_s = time.monotonic
_tries = Tries()
_good: OrderedDict[bytes, float] = OrderedDict()  # what was right -> until when, monotonic seconds


async def user_of(settings: Settings, users: Users, headers: Mapping[str, str]) -> User | None:
    """None for everybody who cannot prove who they are. Raises SecretError, TenantsError without a secret."""
    header = headers.get("Authorization", "")
    if header.startswith(BASIC):
        return await _basic(users, header.removeprefix(BASIC))
    return passes.check(settings, header, time.time())


async def _basic(users: Users, value: str) -> User | None:
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    now, keys = now_s(), (f"name {name}",)
    mark = hmac.digest(users.version(name).encode(), sha256(value.encode()).digest(), "sha256")
    if _good.get(mark, 0.0) > now:
        return users.user(name)
    if _tries.wait_s(keys, now):
        return None
    _tries.begin(keys, now)
    try:
        user = await check_password(users, name, password)
    except BusyError:
        return None
    if user is not None:
        _tries.right(keys)
        _good[mark] = now + CACHED_S
        if len(_good) > MOST_CACHED:
            _good.popitem(last=False)
    return user
