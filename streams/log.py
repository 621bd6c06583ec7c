"""Logs: one event with fields a line on stderr, for people (`console`) or machines (`json`).

Never bodies, tokens, URLs with queries or the local variables of a traceback: what libraries print of
those is quietened or left out here, and what still comes is masked by its shape (:mod:`streams.redaction`).
"""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import Any, Protocol

import structlog
from structlog.typing import EventDict, Processor

from streams.events import Event
from streams.redaction import redacted

# httpx prints whole URLs at INFO; the others report every poll, heartbeat or reconnect attempt.
QUIET = (
    "httpx",
    "httpcore",
    "aiokafka",
    "kafka",
    "aio_pika",
    "aiohttp.access",
    "asyncio",
    "urllib3",
    "faust",
    "mode",
)

# They warn of what is normal, many times a second: Kafka's NOT_ENOUGH_REPLICAS between two transactions, and
# a traceback a lost connection, of which our own lines tell.
SILENT = ("aiokafka.producer.sender", "aiormq")

# Its errors quote the bytes of a request, which may be somebody's data.
SERVER = "aiohttp.server"
THEIRS = ("aiohttp.http_exceptions", "aiohttp.web_protocol")  # modules of errors that the sender has made


def about(event: Event) -> dict[str, str]:
    """The fields of a line about an event, or about the first of several, and `n` says how many."""
    return {"tenant": event.tenant, "session_id": event.session_id, "event_id": event.event_id}


class LogSettings(Protocol):
    """The part of the settings that shapes logs."""

    @property
    def log_format(self) -> str: ...

    @property
    def log_level(self) -> str: ...


def setup(settings: LogSettings, role: str) -> None:
    """Send events of structlog and records of the standard library to stderr; each line has a `role`.

    May be called again: the last call wins.
    """
    # structlog writes by itself, not through logging: a Faust worker replaces logging's handlers at its start
    structlog.configure(
        processors=[*_fields(role), *_last(settings.log_format)],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # as it is now: Faust puts its own there
        wrapper_class=structlog.make_filtering_bound_logger(_level(settings)),
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(logging_config(settings, role))


def logging_config(settings: LogSettings, role: str) -> dict[str, Any]:
    """The same lines for the standard library's records, as `logging.config.dictConfig` takes them
    (Faust: setting `logging_config`)."""
    level = _level(settings)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(settings.log_format)],
        "foreign_pre_chain": [*_fields(role), structlog.stdlib.add_logger_name],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines", "stream": sys.stderr}},
        "loggers": {name: {"level": max(level, logging.WARNING)} for name in QUIET}
        | {name: {"level": logging.ERROR} for name in SILENT}
        | {SERVER: {"filters": ["requests"]}},
        "filters": {"requests": {"()": lambda: unquoted}},
        "root": {"level": level, "handlers": ["stderr"]},
    }


def unquoted(record: logging.LogRecord) -> bool:
    """A filter. What is no HTTP is left out, which anybody can send; of an error of ours only its type stays."""
    kind = record.exc_info[0] if record.exc_info else None
    if kind is not None:
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {kind.__name__}", (), None
    return kind is None or kind.__module__ not in THEIRS


def _level(settings: LogSettings) -> int:
    return logging.getLevelNamesMapping()[settings.log_level.upper()]


def _fields(role: str) -> list[Processor]:
    def add_role(_logger: object, _method: str, event: EventDict) -> EventDict:
        event.setdefault("role", role)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        add_role,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last(log_format: str) -> list[Processor]:
    """Tracebacks become text first, without local variables, which hold people's data; then nothing gets past
    the redaction but what it has seen."""
    as_lines: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    shown = [] if log_format == "json" else [_seen]
    return [structlog.processors.format_exc_info, _redact, *shown, as_lines]


def _seen(_logger: object, _method: str, event: EventDict) -> EventDict:
    """For people: nothing that others have said begins a line of its own, or speaks to the terminal. A traceback's
    lines are indented."""
    lines = str(event.pop("exception", "")).splitlines()
    found = {printable(str(name)): _printable(value) for name, value in event.items()}
    if lines:
        found["exception"] = "\n".join(f"    {printable(line)}" for line in lines)
    return found


def _printable(value: Any) -> Any:
    return printable(value) if isinstance(value, str) else value  # others the renderer writes as Python does


def printable(text: str) -> str:
    """What cannot be seen is written as Python does."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {name: redacted(name, value) for name, value in event.items()}
