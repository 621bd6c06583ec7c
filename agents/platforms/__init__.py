"""A local stand-in for Meta and TikTok: refuses what they refuse, remembers what it took, fails when told to.

It shares no code with the rules in sinks/platforms, so that a mistake there shows here.
"""

from agents.platforms.server import Platforms, running_platforms

__all__ = ["Platforms", "running_platforms"]
