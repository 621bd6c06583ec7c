"""The ledger killed at random moments agrees with the platforms, event by event."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.ledger_trial import attempts, delivered, known, ledger_site, taken, traffic
from tests.kafka import eventually

pytestmark = [pytest.mark.faults, pytest.mark.stack, pytest.mark.timeout(240)]
SESSIONS = [f"visit{n}" for n in range(40)]


async def test_what_the_ledger_knows_is_what_the_platforms_took(tmp_path: Path) -> None:
    with ledger_site(tmp_path) as (made, ledgers):
        await traffic(made, ledgers, SESSIONS, seed=7)
        await eventually(lambda: len(taken(made)) == 7 * len(SESSIONS), 120, every_s=1)

        async def all_known() -> bool:
            return delivered(await known(ledgers, SESSIONS)) == taken(made)

        await eventually(all_known, 60, every_s=2)
        heard = await known(ledgers, SESSIONS)
        for delivery, job in heard.items():
            assert job["queued_ms"] > 0, delivery
            assert attempts(job) == [*range(1, len(job["attempts"]) + 1)], (delivery, job)
        assert max(map(len, map(attempts, heard.values()))) > 1, "the 500s led to further attempts"
