"""A job that is sent again: as dispatch sends it, and with a header that says when it was replayed. Pure."""

from __future__ import annotations

from sinks.deliver.letters import ATTEMPT
from sinks.rabbit.frames import Message
from sinks.topology import routing_key
from streams.events import Job, encode

REPLAYED = "capi-replayed"  # Unix ms; travels on through retries, so that a job parked anew shows it


def replayed(job: Job, at_ms: int, body: bytes = b"") -> Message:
    """For exchange `capi_events`: the first attempt of a new life, without any header of the old one.

    `body` is the job as it was, when there is one: what a newer version wrote in it is kept.
    """
    return Message(
        routing_key=routing_key(job.platform, job.event.event_name),
        message_id=f"{job.job_id}:1:replayed",
        body=body or encode(job),
        headers={ATTEMPT: 1, REPLAYED: at_ms},
    )
