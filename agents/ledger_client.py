"""Asks all ledger workers, and joins what they answer.

In the ledger role the workers are those of its consumer group; each answers from its own book (`?local=1`). The
command line knows one of them, CAPI_CONSOLE_URL, which asks the others.

An answer that lacks a worker is an error, LedgerIncompleteError, unless whoever asks says `partial` and shows
`missing` of the answer. Of Cluster it is what is asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import msgspec

from agents.access.passes import issue
from agents.access.users import User
from agents.console.desk import AwayError
from agents.ledger_web import PATH
from streams.events import encode
from streams.ledger.answers import Answer
from streams.ledger.merging import decode_answer, lacking, merge
from streams.ledger.queries import ClusterOf, Query
from streams.settings import Settings

TIMEOUT_S = 5.0


class LedgerAwayError(AwayError):
    """No worker answered; the message says what to do."""


class LedgerIncompleteError(AwayError):
    """Some did not; `answer` is what the others know."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(
            f"ledger workers do not answer: {', '.join(answer.missing)}; what they know would be missing. "
            "Others take their partitions over within a minute: try again, or look at `capi status` and their logs"
        )
        self.answer = answer


class Ledgers:
    """`ask` it, `close` it. `peers` gives the addresses of all workers; without it the settings' one is asked."""

    def __init__(self, settings: Settings, peers: Callable[[], Sequence[str]] | None = None) -> None:
        self._settings, self._peers = settings, peers
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, query: Query, *, partial: bool = False) -> Any:
        """The answer of all workers, of the query's own kind. Raises LedgerAwayError, LedgerIncompleteError."""
        urls = [self._settings.console_url] if self._peers is None else self._peers()
        told = await asyncio.gather(*(self._told(url, query) for url in urls))
        answers = [answer for answer in told if not isinstance(answer, str)]
        if not answers:
            why = next((each for each in told if isinstance(each, str)), "no ledger worker is known yet")
            raise LedgerAwayError(why)
        missing = [url for url, answer in zip(urls, told, strict=True) if isinstance(answer, str)]
        answer = lacking(merge(query, answers), missing)
        if answer.missing and not partial and not isinstance(query, ClusterOf):
            raise LedgerIncompleteError(answer)
        return answer

    async def _told(self, url: str, query: Query) -> Answer | str:
        """A worker's answer, or why there is none."""
        user = User("ledger", "viewer", query.tenants)
        headers = {"Authorization": issue(self._settings, user, time.time())}
        params = {} if self._peers is None else {"local": "1"}
        try:
            response = await self._client.post(url + PATH, content=encode(query), headers=headers, params=params)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return (
                f"the ledger does not answer at {url} ({type(error).__name__}): "
                "start it with `capi run` or `faust -A agents.ledger worker`, or set CAPI_CONSOLE_URL"
            )
        return _read(url, query, response)


def _read(url: str, query: Query, response: httpx.Response) -> Answer | str:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return f"the ledger at {url} does not know us: CAPI_INTERNAL_SECRET must be the same here and there"
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return f"the ledger at {url} cannot answer now ({_error(response)}): try again in some seconds"
    try:
        response.raise_for_status()
        return decode_answer(query, response.content)
    except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
        return f"the ledger at {url} gave no answer ({response.status_code}, {type(error).__name__})"


def _error(response: httpx.Response) -> str:
    try:
        return msgspec.json.decode(response.content, type=dict[str, str]).get("error", "")
    except msgspec.DecodeError:
        return str(response.status_code)
