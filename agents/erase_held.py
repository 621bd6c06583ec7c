"""What the ledger remembers of people, before they are erased and after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from agents.asking import LedgerError, asked
from streams.events import Erase
from streams.ledger.answers import Holds
from streams.ledger.queries import HoldsOf
from streams.settings import Settings


class Held(msgspec.Struct, frozen=True):
    """Events in the ledger, summed over the digests: one that holds two of them counts twice."""

    before: int | None = None  # None: no ledger answered
    after: int | None = None


async def held_by_ledger(settings: Settings, erasures: Sequence[Erase]) -> int | None:
    """Events of visits that hold them; None when the ledger does not answer, for a site need not run one."""
    questions = [HoldsOf(tenant=one.tenant, field=one.field, digest=one.digest) for one in erasures]
    try:
        answers: list[Holds] = [await asyncio.to_thread(asked, settings, one) for one in questions]
    except LedgerError:
        return None
    return sum(one.events for one in answers)
