"""What flows through the pipeline: one frozen value per record, and its only encoding.

Everything in this module is *after the door*: personal data is SHA-256 or absent. The raw public event is
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

from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec

# Name of a module in sinks/platforms; who makes jobs or sends them refuses a tenants file that names another one.
Platform = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]{0,30}$")]
Consent = Literal[
    "granted",
    "limited",  # sent with Meta's LDU and TikTok's limited_data_use
    "denied",  # not stored, not sent
    "",  # nothing was said: the session's word counts, else the tenant's default
]
FlushReason = Literal[
    "purchase",  # a flush event arrived (setting: CAPI_FLUSH_ON)
    "idle",  # inactivity gap (CAPI_IDLE_S)
    "max_age",  # oldest held event reached CAPI_MAX_AGE_S
    "size",  # CAPI_MAX_EVENTS or CAPI_MAX_BYTES
    "identity",  # someone else logged in: what is held belongs to the person before
    "merge_window",  # hold = adaptive: inside the platforms' 5 minutes
    "immediate",  # hold = immediate
    "operator",  # somebody said so (`Flush`)
]


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Base of every value: immutable, small on the wire, keyword-only."""


class UserData(Record, frozen=True):
    """Match keys of one event, ready to send. Tuples hold lower-case hex SHA-256 values.

    Clear are only the keys that the platforms take in the clear (Meta: "Customer Information Parameters",
    TikTok: "Events API 2.0 user object", both read November 2026): click and browser ids, address and agent
    of the client, and for TikTok city, state and country.
    """

    em: tuple[str, ...] = ()
    ph: tuple[str, ...] = ()  # digits without "+" (Meta)
    ph_e164: tuple[str, ...] = ()  # digits with "+" (TikTok)
    fn: tuple[str, ...] = ()
    ln: tuple[str, ...] = ()
    ge: tuple[str, ...] = ()
    db: tuple[str, ...] = ()
    ct: tuple[str, ...] = ()
    st: tuple[str, ...] = ()
    zp: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    external_id: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    country_code: str = ""
    fbp: str = ""
    fbc: str = ""
    ttp: str = ""
    ttclid: str = ""
    client_ip: str = ""
    client_user_agent: str = ""


UserField = str
USER_FIELDS: tuple[UserField, ...] = UserData.__struct_fields__
# what says who somebody is and where they live: the only fields that are remembered beyond a session


class Event(Record, frozen=True, tag="event", tag_field="type"):
    """One shop event as the session keeps it.

    `event_time_ms` is Unix milliseconds by the producer's clock (data, never used for windows).
    `replace_identity` says that another person logged in: their identity replaces the one held.
    `browser_fired` names the platforms whose browser copy was sent. `fbclid` is Meta's click id as a URL brought
    it, byte-exact; the session makes `user.fbc` of it, once a click. `robot` says that the agent is a crawler's.
    `opt_out`: platforms may measure by this event, and not choose by it who sees ads.
    A denied event carries nothing but `external_id`, `fbp` and `ttp`, by which its visitor is forgotten.
    """

    event_id: str
    event_name: str
    event_time_ms: int
    tenant: str
    session_id: str
    action_source: str = "website"
    event_source_url: str = ""
    referrer_url: str = ""
    fbclid: str = ""
    user: UserData = UserData()
    custom_data: dict[str, Any] = {}
    browser_fired: tuple[Platform, ...] = ()
    consent: Consent = ""
    opt_out: bool = False
    test_event_code: str = ""
    replace_identity: bool = False
    robot: bool = False

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Tick(Record, frozen=True, tag="tick", tag_field="type"):
    """Time as data: the owner of a partition appends one every CAPI_TICK_S; its log time moves the windows."""

    worker: str = ""


Identity = dict[UserField, str | tuple[str, ...]]


class Visit(Record, frozen=True, tag="visit", tag_field="type"):
    """What a session tells the memory of one visitor, and what it wants to know.

    `visitor` is `external_id:<sha256>`, `fbp:<cookie>` or `ttp:<cookie>`. `identity` holds person fields to be
    remembered. With `asks`, a `Recalled` comes back to the session and carries `ask_id` back: an answer that
    was under way when the person changed or withdrew consent must not be taken for theirs. `replaces`: another
    person, what was known before goes. `forget`: consent was withdrawn, everything goes.
    """

    tenant: str
    visitor: str
    session_id: str
    identity: Identity = {}
    asks: bool = False
    ask_id: int = 0
    replaces: bool = False
    forget: bool = False

    @property
    def key(self) -> bytes:
        return f"{self.tenant}|{self.visitor}".encode()


class Recalled(Record, frozen=True, tag="recalled", tag_field="type"):
    """The memory's answer to a `Visit` that asks: all that is known of the visitor, empty when nothing is.

    `ask_id` is the visit's.
    """

    tenant: str
    visitor: str
    session_id: str
    ask_id: int
    identity: Identity = {}

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Erase(Record, frozen=True, tag="erase", tag_field="type"):
    """Forget a person: everything of `tenant` in which `field` of the user data has the value `digest`.

    `field` is a hashed field of UserData, `digest` the lower-case hex SHA-256 that the door made of it. Goes to
    every partition, because the key of what is to be erased is not known.
    """

    tenant: str
    field: UserField
    digest: str


class Erased(Record, frozen=True):
    """A person's tombstone: what left a session before its log time and holds them is not sent any more.

    `mark` is a digest of the digest (:mod:`streams.tombstones`), so this is no list of people.
    """

    tenant: str
    mark: str


class Flush(Record, frozen=True, tag="flush", tag_field="type"):
    """An operator's command: let one session's events go now, as if its window had closed. `by` says who."""

    tenant: str
    session_id: str
    by: str = ""

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Forget(Record, frozen=True, tag="forget", tag_field="type"):
    """An operator's command: drop what one session holds and what it knows. `by` says who.

    The memory of visitors and other sessions of the same person keep theirs: that is `Erase`.
    """

    tenant: str
    session_id: str
    by: str = ""

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Enriched(Record, frozen=True):
    """An event as it leaves the session. `backfilled` maps each user field that the event did not bring
    itself to the `event_id` that did, or to `visitor:<kind>` when an earlier visit did. `at_ms` is the log time
    at which the session took it, 0 when a worker before this field wrote it."""

    event: Event
    backfilled: dict[UserField, str] = {}
    at_ms: int = 0


class Batch(Record, frozen=True):
    """What one flush releases. `batch_id` is a function of key, partition and the first event's offset."""

    batch_id: str
    tenant: str
    session_id: str
    reason: FlushReason
    partition: int
    first_offset: int
    opened_at_ms: int  # log time of the first event in it
    flushed_at_ms: int  # log time of the deadline or of the flushing event
    events: tuple[Enriched, ...]

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Reject(Record, frozen=True):
    """A record that was not taken, and why. Never holds personal data or the record's own text.

    `topic`, `partition`, `offset` find the original; `field` is the JSON path at fault, "" for the whole; `fix`
    says what to do about it. `platform` and `pixel_id` are given when one destination would refuse the event.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    field: str = ""
    fix: str = ""
    tenant: str = ""
    event_id: str = ""
    platform: str = ""
    pixel_id: str = ""


class Job(Record, frozen=True):
    """One event for one destination: what a worker POSTs. `event_name` is in the platform's words, `score` our
    estimate of its match quality there, 0 to 10 (:mod:`streams.quality`). `left_ms` is the log time at which its
    batch left the session, 0 when a worker before this field made the job."""

    platform: Platform
    pixel_id: str
    event_name: str
    batch_id: str
    event: Event
    backfilled: tuple[UserField, ...] = ()
    score: float = 0.0
    left_ms: int = 0

    @property
    def job_id(self) -> str:
        """Same event, name and destination, same id: what the idempotency store and message ids are made of.

        Long and foreign names and ids appear as their digest: RabbitMQ takes 255 bytes for a message id.
        """
        own = f"{self.event_name.replace('%', '%25').replace(':', '%3A')}:{self.event.event_id}"
        if len(own) > MAX_JOB_ID or not own.isascii():
            own = sha256(own.encode(errors="replace")).hexdigest()
        return f"{self.platform}:{self.pixel_id}:{own}"


MAX_JOB_ID = 120  # characters of name and event id
OutcomeClass = Literal["delivered", "duplicate", "throttled", "transient", "misconfigured", "invalid", "expired"]


class Outcome(Record, frozen=True):
    """What came of one attempt to deliver one job. `retry_in_s` is 0 when there is no further attempt.

    `http_status` and `latency_ms` are those of the POST, 0 when there was none. `age_ms` counts from the event's
    own time, `waited_ms` from the first delivery worker that saw the job.
    """

    job_id: str
    tenant: str
    session_id: str
    platform: Platform
    pixel_id: str
    event_id: str
    event_name: str
    attempt: int
    outcome: OutcomeClass
    at_ms: int
    code: str = ""
    why: str = ""
    trace_id: str = ""
    parked: bool = False
    retry_in_s: float = 0
    http_status: int = 0
    latency_ms: int = 0
    age_ms: int = 0
    waited_ms: int = 0


class QueuedJob(msgspec.Struct, frozen=True, array_like=True):
    """A job of a batch that RabbitMQ has confirmed. `event_name` is in the platform's words, `score` 0 to 10."""

    platform: Platform
    pixel_id: str
    event_id: str
    event_name: str
    score: float = 0.0


class Queued(Record, frozen=True, tag="queued", tag_field="type"):
    """A batch's jobs are in RabbitMQ. Written after the confirms and before progress, so at least once."""

    batch_id: str
    tenant: str
    session_id: str
    at_ms: int
    jobs: tuple[QueuedJob, ...] = ()

    @property
    def key(self) -> bytes:
        return session_key(self.tenant, self.session_id)


class Noted(Record, frozen=True, tag="noted", tag_field="type"):
    """An entry of the audit: `who` did `what` (flush, erase, replay, drop, pause, resume, login, …) to `target`.

    `note_id` makes a repeated entry the same. `why` is the person's own reason. No personal data: a person is
    named by field and the first 8 hex digits of the digest.
    """

    note_id: str
    at_ms: int
    who: str
    what: str
    target: str = ""
    tenant: str = ""
    why: str = ""
    result: str = ""


Command = Flush | Forget
SessionInput = Event | Tick | Recalled | Erase | Command
VisitorInput = Visit | Tick | Erase
LedgerInput = Queued | Noted | Tick | Erase

# What a decoder below raises for bytes that are no such value; deep nesting is the third
UNREADABLE: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_encoder = msgspec.json.Encoder()
encode = _encoder.encode
decode_input = msgspec.json.Decoder(SessionInput).decode
decode_visitor_input = msgspec.json.Decoder(VisitorInput).decode
decode_ledger_input = msgspec.json.Decoder(LedgerInput).decode
decode_event = msgspec.json.Decoder(Event).decode
decode_batch = msgspec.json.Decoder(Batch).decode
decode_job = msgspec.json.Decoder(Job).decode
decode_erased = msgspec.json.Decoder(Erased).decode
decode_reject = msgspec.json.Decoder(Reject).decode
decode_outcome = msgspec.json.Decoder(Outcome).decode


def session_key(tenant: str, session_id: str) -> bytes:
    """Key of a session in every topic and table: raw bytes, so that Faust routes by the same hash."""
    return f"{tenant}|{session_id}".encode()
