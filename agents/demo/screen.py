"""What the demo shows: one live panel while it runs, one table at the end."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from agents.demo.progress import Progress
from agents.demo.verdict import Verdict

NAMES = {"meta": "Meta", "tiktok": "TikTok"}
REASONS = {
    "purchase": "an order came",
    "idle": "30 minutes of silence",
    "max_age": "4 hours at most",
    "size": "too many events",
    "identity": "someone else logged in",
}
BAR_WIDTH = 30
SHOWN = 3


class Screen:
    """Renders the progress anew whenever rich asks for it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._spinner = Spinner("dots", style="cyan")

    def __rich__(self) -> RenderableType:
        progress = self._progress
        self._spinner.update(text=Text(f" {progress.phase}"))
        rows = Table.grid(padding=(0, 2))
        rows.add_row("events in", _bar(progress.sent, progress.planned), f"{progress.sent} of {progress.planned}")
        rows.add_row("waiting in sessions", "", f"{progress.held} events of {progress.open_sessions} visits")
        rows.add_row("batches released", "", str(len(progress.batches)))
        for platform, count in progress.delivered.items():
            rows.add_row(f"at {NAMES[platform]}", _bar(count, progress.planned), f"{count} of {progress.planned}")
        return Panel(Group(self._spinner, Text(), rows), title="capi demo", border_style="cyan", expand=False)


def _bar(done: int, total: int) -> ProgressBar:
    return ProgressBar(
        total=max(total, 1), completed=done, width=BAR_WIDTH, complete_style="cyan", finished_style="green"
    )


def result(verdict: Verdict, took_s: float, speed: float) -> RenderableType:
    """The table of the run."""
    table = Table("what", Column("count", justify="right"), "", title=_title(verdict, took_s, speed))
    table.add_row("events in", str(verdict.events_in), "clicks, carts, orders of real visitors")
    table.add_row("sessions", str(verdict.sessions), "days of a visitor")
    table.add_row("batches", str(verdict.batches))
    for reason, count in verdict.flushes.items():
        table.add_row(f"  flushed: {reason}", str(count), REASONS.get(reason, ""))
    table.add_section()
    for platform, count in verdict.delivered.items():
        table.add_row(f"delivered to {NAMES[platform]}", str(count))
        table.add_row("  with an identity", str(verdict.identified[platform]))
        table.add_row(
            "  only by the backfill", str(verdict.backfilled[platform]), "sent without, arrived with one"
        )
        table.add_row("    from an earlier visit", str(verdict.recognised[platform]), "the visitor came back")
    table.add_section()
    table.add_row(
        "known at first sight", str(verdict.recognised_at_once), "sessions that began with a known visitor"
    )
    table.add_row("duplicates", str(verdict.duplicates), "platforms merge them by event_id")
    for what, count, examples in _failures(verdict):
        style = "bold red" if count else "bold green"
        table.add_row(Text(what, style), Text(str(count), style), examples)
    return table


def _title(verdict: Verdict, took_s: float, speed: float) -> str:
    return f"{verdict.events_in} events through the pipeline in {took_s:.0f} s, time {speed:g} times faster"


def _failures(verdict: Verdict) -> list[tuple[str, int, str]]:
    """What must be 0, with a few examples. `lost` is always shown, the others only when there are any."""
    listed = {
        "unexpected": verdict.unexpected,
        "left a session twice": verdict.flushed_twice,
        "not backfilled": verdict.not_backfilled,
    }
    rows = [(what, len(items), ", ".join(items[:SHOWN])) for what, items in listed.items()]
    rows += [("rejected at the door", count, reason) for reason, count in verdict.rejected.items()]
    rows.append(("in the clear", verdict.in_clear, "personal data that was not hashed"))
    return [("lost", len(verdict.lost), ", ".join(verdict.lost[:SHOWN])), *(row for row in rows if row[1])]
