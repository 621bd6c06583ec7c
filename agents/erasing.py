"""Forgetting a person, for `capi erase` and the console: whom a request means, and the work itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Literal, NamedTuple

from agents.erase_held import Ask, Held, held_by_ledger
from sinks.forgetting import Forgetting, Forgotten
from sinks.parked.drop import DropError
from sinks.parked.safe import why_not_look
from sinks.rabbit.browse import BrowseError
from streams.events import Erase
from streams.identity import Bad, Match, match
from streams.settings import Settings
from streams.tombstones import PERSON_FIELDS

AT_CENTRE = "Jobs are made at the central site: erase the person there too."
HELD_BY_OTHERS = "Somebody else looked at the parked jobs at the same time and may have held some: do this again."
_DIGEST = re.compile(r"[0-9a-f]{64}")

Part = Literal["value", "field", "digest", "country"]


class NobodyError(ValueError):
    """Names nobody: `part` of what was given is at fault. The message has nothing of what was given."""

    def __init__(self, part: Part, why: str) -> None:
        super().__init__(why)
        self.part = part


class Result(NamedTuple):
    """What was removed, what the ledger held, and what could not be looked at."""

    found: Forgotten
    held: Held
    problems: list[str]


def by_value(tenant: str, field: str, text: str, region: str) -> list[Erase]:
    """Each form in which a platform gets a clear value. `field` em, ph or external_id. Raises NobodyError."""
    answer = _match(field, text, region)
    if isinstance(answer, Bad):
        raise NobodyError("value", answer.reason)
    return [Erase(tenant=tenant, field=name, digest=digest) for name, digest in answer.hashes]


def by_digest(tenant: str, field: str, digest: str) -> list[Erase]:
    """`digest`: the SHA-256 that the door made, 64 hex digits. Raises NobodyError."""
    if field not in PERSON_FIELDS:
        raise NobodyError("field", f"is none of {', '.join(PERSON_FIELDS)}")
    digest = digest.strip().lower()
    if not _DIGEST.fullmatch(digest):
        raise NobodyError("digest", "is no SHA-256 of 64 hex digits")
    return [Erase(tenant=tenant, field=field, digest=digest)]


def region_of(country: str) -> str:
    """Alpha-2 in upper case; "" when none is given. Raises NobodyError."""
    answer = _match("country", country, "") if country else None
    if isinstance(answer, Bad):
        raise NobodyError("country", "is no country that is known here")
    return answer.clear.upper() if answer else ""


def _match(field: str, text: str, region: str) -> Match | Bad:
    """Past the cache of `match`, which would keep the clear value in memory."""
    return match.__wrapped__(field, text, region)


async def forget(
    settings: Settings,
    erasures: Sequence[Erase],
    who: str,
    wait_s: float,
    ask: Ask,
    progress: Callable[[str], None],
    alone: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> Result:
    """Everywhere; waits `wait_s` for the workers. `progress` is told what is waited for, `alone` keeps others of
    this process from the parked jobs. Raises ErasureError, OffsetsError, KafkaAdminError."""
    forgetting = Forgetting(settings, erasures, who, wait_s, progress)
    before = await held_by_ledger(ask, erasures)
    found = await forgetting.run()
    held = Held(before, await held_by_ledger(ask, erasures))
    why = await _sweep(settings, forgetting, found, alone)
    return Result(found, held, [why] if why else [])


async def _sweep(
    settings: Settings,
    forgetting: Forgetting,
    found: Forgotten,
    alone: Callable[[], AbstractAsyncContextManager[None]],
) -> str:
    """Why not all parked jobs could be looked at, "" when they were. A client site has none."""
    if settings.gateway_url:
        found.parked = 0
        return AT_CENTRE
    if why := await asyncio.to_thread(why_not_look, settings):
        return why
    try:
        async with alone():
            await forgetting.sweep(found)
    except (BrowseError, DropError) as error:
        return str(error)
    return HELD_BY_OTHERS if found.readers else ""
