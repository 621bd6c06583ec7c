"""An event id of which the ledger knows nothing: what that can mean, and where to look."""

from __future__ import annotations

from collections.abc import Sequence

from streams.events import Record
from streams.ledger.story.words import span


class Missing(Record, frozen=True):
    """Why nobody knows an id: a possible reason, and how to find out."""

    reason: str
    check: str


def unknown(remembered_s: float, behind: Sequence[str] = (), unsearched: str = "") -> tuple[Missing, ...]:
    """Possible reasons, the likely first. `remembered_s` is how long the ledger remembers; `behind` are ledger
    workers that did not answer, `unsearched` says which sessions could not be looked at."""
    lost = [
        Missing(
            reason=f"{len(behind)} of the ledger's workers did not answer, and one of them may know it",
            check=f"start them, or look at their logs: {', '.join(behind)}",
        )
    ]
    held = [
        Missing(
            reason="it has not left its session yet, and that session could not be looked at",
            check="ask again when all session workers answer, or look for the visitor's session under Sessions",
        )
    ]
    return (
        *(lost if behind else []),
        *(held if unsearched else []),
        Missing(
            reason="it never arrived",
            check="see whether the shop logs an error, whether the doors run (capi doctor), and whether "
            "ingest has lag",
        ),
        Missing(
            reason="it was refused before its id could be read",
            check="look at the newest refused records: topic, partition and offset find the original",
        ),
        Missing(
            reason="the shop sent no event_id, so one was issued that the shop does not know",
            check="look for the session, or for the event name in the live view",
        ),
        Missing(
            reason=f"it is older than the ledger's memory ({span(remembered_s * 1000)}), or made room for newer",
            check="CAPI_LEDGER_S and CAPI_LEDGER_EVENTS bound it; a platform's own diagnostics reach further back",
        ),
        Missing(
            reason="it belongs to a tenant that you may not see", check="ask whoever manages the console's users"
        ),
    )
