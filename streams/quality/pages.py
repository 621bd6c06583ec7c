"""What an event that happened on a website has to say about the page and the browser."""

from __future__ import annotations

from streams.events import Event
from streams.quality.problems import Problem

NO_URL = Problem(
    "no_url",
    "event_source_url",
    "website event without its page",
    "send event_source_url with https://, or the action_source where it happened",
)
NO_USER_AGENT = Problem(
    "no_user_agent",
    "user_data.client_user_agent",
    "website event without a User-Agent",
    "send the visitor's User-Agent header, not the server's",
)


def page(event: Event) -> tuple[Problem, ...]:
    """The caller says whether it counts as a website's event."""
    return () if event.event_source_url else (NO_URL,)


def browser(event: Event) -> tuple[Problem, ...]:
    return () if event.user.client_user_agent else (NO_USER_AGENT,)
