"""What an answer to `POST /v1/batches` means for the batch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

TAKEN = 202
FOR_GOOD = (400, 409, 422)
MOST_WAIT_S = 300.0


class Taken(NamedTuple):
    """The centre has the batch's jobs in RabbitMQ."""


class Refusal(NamedTuple):
    """The centre will never take it. `field` is a JSON path inside the batch."""

    reason: str
    field: str = ""
    fix: str = ""


class Wait(NamedTuple):
    """Not now. `alarm`: somebody has to do something, or it stays so. `seconds`: what the centre asked for."""

    why: str
    alarm: bool = False
    seconds: float = 0.0


Verdict = Taken | Refusal | Wait


class _Error(msgspec.Struct):
    code: str
    message: str
    field: str = ""
    fix: str = ""


class _Body(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Body).decode


def verdict(status: int, headers: Mapping[str, str], body: bytes) -> Verdict:
    """`headers` know no upper case. Only the gateway's own words end a batch: a proxy's 400 is the proxy's."""
    if status == TAKEN:
        return Taken()
    error = _error(body)
    if error is None:
        # a redirect, a proxy's page, another service at that address: what is not there comes back or is corrected
        return Wait(f"status {status}, not from a gateway", alarm=status < 500, seconds=_asked(headers))
    if status in FOR_GOOD:
        return Refusal(f"refused by the central site: {error.message}", error.field, error.fix)
    fix = f"; {error.fix}" if error.fix else ""
    alarm = status < 500 and status not in (408, 429)
    return Wait(f"status {status}, {error.code}: {error.message}{fix}", alarm, _asked(headers))


def _error(body: bytes) -> _Error | None:
    try:
        return _decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _asked(headers: Mapping[str, str]) -> float:
    text = headers.get("retry-after", "")
    return min(float(text), MOST_WAIT_S) if text.isascii() and text.isdecimal() else 0.0
