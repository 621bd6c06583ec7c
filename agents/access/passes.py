"""How one role says to another for which user it asks: `Authorization: Capi <payload>.<mac>`, a minute long."""

from __future__ import annotations

import msgspec

from agents.access.secret import internal_secret, opened, sealed
from agents.access.users import User
from streams.settings import Settings

SCHEME, PURPOSE = "Capi ", "pass"
VALID_S = 60.0
SKEW_S = 30.0  # clocks of two machines


class Pass(msgspec.Struct, frozen=True):
    user: User
    from_s: float  # Unix seconds


def issue(settings: Settings, user: User, now_s: float) -> str:
    """Value of the header. Raises SecretError, TenantsError."""
    return SCHEME + sealed(internal_secret(settings), PURPOSE, msgspec.json.encode(Pass(user, now_s)))


def check(settings: Settings, header: str, now_s: float) -> User | None:
    """Whom the sender asks for; None when it is no pass of ours, or an old one."""
    if not header.startswith(SCHEME):
        return None
    body = opened(internal_secret(settings), PURPOSE, header.removeprefix(SCHEME))
    if body is None:
        return None
    try:
        found = msgspec.json.decode(body, type=Pass)
    except msgspec.DecodeError:  # of another release
        return None
    return found.user if -SKEW_S <= now_s - found.from_s <= VALID_S else None
