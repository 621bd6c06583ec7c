"""Whether the visitor lets the event be sent at all."""

from __future__ import annotations

from streams.events import Consent
from streams.quality.problems import Problem

DENIED = Problem("consent_denied", "consent", "consent denied", "nothing: an event without consent is not sent")


def consent(given: Consent) -> tuple[Problem, ...]:
    return (DENIED,) if given == "denied" else ()
