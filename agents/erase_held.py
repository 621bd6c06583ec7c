"""What the ledger remembers of people, before they are erased and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from agents.asking import LedgerError
from agents.console.desk import AwayError
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf

Ask = Callable[[HoldsOf], Awaitable[Holds]]  # may raise LedgerError or AwayError


class Held(msgspec.Struct, frozen=True):
    """Events in the ledger, summed over the digests: one that holds two of them counts twice."""

    before: int | None = None  # None: no ledger answered
    after: int | None = None


async def holds(ask: Ask, erasures: Sequence[Erase]) -> list[Holds] | None:
    """Of each; None when the ledger does not answer, for a site need not run one."""
    try:
        return [await ask(HoldsOf(tenant=one.tenant, field=one.field, digest=one.digest)) for one in erasures]
    except (LedgerError, AwayError):
        return None


async def held_by_ledger(ask: Ask, erasures: Sequence[Erase]) -> int | None:
    """Events of visits that hold them; None as above."""
    found = await holds(ask, erasures)
    return None if found is None else sum(one.events for one in found)
