"""What flows through the pipeline: one frozen value per record, and its only encoding.

Everything in this package is *after the door*: personal data is SHA-256 or absent. The raw public event is
parsed in :mod:`streams.door`, and nothing downstream asks again whether a field is there.

| value       | topic or queue           | key                      |
|-------------|--------------------------|--------------------------|
| `Event`     | `capi.sessions.in`       | `tenant|session_id`      |
| `Tick`      | `capi.sessions.in`, `capi.visitors.in` | none, explicit partition |
| `Visit`     | `capi.visitors.in`       | `tenant|visitor`         |
| `Recalled`  | `capi.sessions.in`       | `tenant|session_id`      |
| `Erase`     | `capi.sessions.in`, `capi.visitors.in` | none, one to every partition |
| `Batch`     | `capi.batches`           | `tenant|session_id`      |
| `Reject`    | `capi.rejects`           | `tenant|session_id` or none |
| `Job`       | RabbitMQ `capi_events`   | routing key `<platform>.<event>` |
| `Outcome`   | `capi.outcomes`          | `tenant|session_id`      |
| `Erased`    | `capi.erased`            | none                     |
| `Flush`, `Forget` | `capi.sessions.in` | `tenant|session_id`      |
| `Queued`    | `capi.ledger.in`         | `tenant|session_id`      |
| `Noted`     | `capi.ledger.in`         | none                     |
| `Tick`, `Erase` | `capi.ledger.in`     | none, explicit partition |
"""

from __future__ import annotations

from streams.events.batch import Batch, Enriched, FlushReason, Reject, decode_batch, decode_reject
from streams.events.command import Erase, Erased, Flush, Forget, Tick, decode_erased
from streams.events.event import USER_FIELDS, Consent, Event, Platform, UserData, UserField, decode_event
from streams.events.inputs import (
    Command,
    LedgerInput,
    SessionInput,
    VisitorInput,
    decode_input,
    decode_ledger_input,
    decode_visitor_input,
)
from streams.events.job import MAX_JOB_ID, Job, Outcome, OutcomeClass, decode_job, decode_outcome
from streams.events.record import UNREADABLE, Record, encode, session_key
from streams.events.told import Noted, Queued, QueuedJob
from streams.events.visit import Identity, Recalled, Visit

__all__ = [
    "MAX_JOB_ID",
    "UNREADABLE",
    "USER_FIELDS",
    "Batch",
    "Command",
    "Consent",
    "Enriched",
    "Erase",
    "Erased",
    "Event",
    "Flush",
    "FlushReason",
    "Forget",
    "Identity",
    "Job",
    "LedgerInput",
    "Noted",
    "Outcome",
    "OutcomeClass",
    "Platform",
    "Queued",
    "QueuedJob",
    "Recalled",
    "Record",
    "Reject",
    "SessionInput",
    "Tick",
    "UserData",
    "UserField",
    "Visit",
    "VisitorInput",
    "decode_batch",
    "decode_erased",
    "decode_event",
    "decode_input",
    "decode_job",
    "decode_ledger_input",
    "decode_outcome",
    "decode_reject",
    "decode_visitor_input",
    "encode",
    "session_key",
]
