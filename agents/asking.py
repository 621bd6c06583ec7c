"""A question of the command line to the ledger, at CAPI_CONSOLE_URL, for the person at the terminal."""

from __future__ import annotations

import getpass
import time
from functools import cache
from typing import Any

import httpx
import msgspec

from agents.access.passes import issue
from agents.access.secret import SecretError
from agents.access.users import User
from agents.ledger_web import PATH
from streams.events import encode
from streams.ledger.merging import decode_answer
from streams.ledger.queries import Query
from streams.settings import Settings
from streams.tenants import TenantsError

WITHIN_S = 10.0


class LedgerError(Exception):
    """Nobody answered; the message says what to do."""


def asked(settings: Settings, query: Query) -> Any:
    """The answer. Who can read the internal secret sees every tenant. Raises LedgerError."""
    where = settings.console_url
    try:
        headers = {"Authorization": issue(settings, User(getpass.getuser(), "admin"), time.time())}
        answer = _client().post(where + PATH, content=encode(query), headers=headers)
        if answer.status_code == 200:
            return decode_answer(query, answer.content)
    except (SecretError, TenantsError) as error:
        raise LedgerError(str(error)) from error
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise LedgerError(
            f"no ledger answers at {where} (CAPI_CONSOLE_URL, {type(error).__name__}): start the role ledger, or "
            "correct the address"
        ) from error
    raise LedgerError(f"the ledger at {where} answers {answer.status_code}: {_why(answer.status_code)}")


@cache
def _client() -> httpx.Client:
    """One for the process: making its TLS context takes longer than an answer."""
    return httpx.Client(timeout=WITHIN_S, trust_env=False)


def _why(status: int) -> str:
    known = {
        401: "it has another secret, so set CAPI_INTERNAL_SECRET as it does",
        503: "partitions are being taken over, so ask again",
    }
    return known.get(status, "see its log")
