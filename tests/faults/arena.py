"""A trial with everything around it: private broker, site, plan and faults from one seed."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import msgspec

from tests.faults.broker import PrivateBroker
from tests.faults.faults import schedule
from tests.faults.plan import make_plan
from tests.faults.site import OURS, WORKERS, site, up_to_sessions
from tests.faults.table import show
from tests.faults.trial import QUIET_S, Report, Trial


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it. `instead` names the module of other session workers; then only these are hurt."""

    seed: int
    events: int = 4_000
    sessions: int = 900
    duration_s: float = 110.0
    faults: int = 12
    quiet_s: float = QUIET_S
    instead: str = ""


async def fight(challenge: Challenge, folder: Path) -> Report:
    """Run it in `folder` (logs and data stay there), show the verdict, return the report."""
    print(
        f"seed {challenge.seed}: {challenge.events} events, {challenge.faults} faults, logs in {folder}",
        file=sys.stderr,
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells at length that a killed broker is away
    plan = make_plan(challenge.seed, challenge.events, challenge.sessions, challenge.duration_s)
    faults = schedule(
        challenge.seed,
        challenge.faults,
        challenge.duration_s,
        WORKERS if challenge.instead else tuple(OURS),
        WORKERS,
    )
    broker = PrivateBroker(folder / "stack")
    broker.start()
    try:
        with site(folder, broker.url, up_to_sessions(challenge.instead) if challenge.instead else OURS) as hurt:
            report = await Trial(hurt, plan, faults, broker, challenge.quiet_s).run()
    finally:
        broker.stop()
    show(report)
    return report
