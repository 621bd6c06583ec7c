"""The story of an event for people: dated steps and a verdict. The console's page and `capi trace` tell it."""

from streams.ledger.story.held import unsearched
from streams.ledger.story.shapes import Advice, Step, Story, Tone
from streams.ledger.story.tell import stories
from streams.ledger.story.unknown import Missing, unknown

__all__ = ["Advice", "Missing", "Step", "Story", "Tone", "stories", "unknown", "unsearched"]
