"""The session workers, for the console and the command line: asked together, answered as one.

CAPI_SESSIONS_URL is any one of them; it knows the others. Each question is asked for a user, by a pass.
While releases are rolled out, a worker may not know a question, or answer it in other words: then the answer is
partial and names it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar
from urllib.parse import quote, urlencode

import httpx
import msgspec

from agents.access.passes import issue
from agents.access.users import User
from streams.events import session_key
from streams.session_find import MOST_FOUND, Found
from streams.session_view import (
    SessionCluster,
    SessionList,
    SessionRow,
    SessionView,
    SessionWorker,
    Wanted,
    cursor_of,
    page_of,
    place_of,
)
from streams.settings import Settings

WITHIN_S = 10.0
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Asked(Generic[Answer]):
    """What those answered who did; `whole` when all did. `other_release`: who does not know the question."""

    answers: Sequence[Answer]
    whole: bool
    other_release: tuple[str, ...]


class SessionsError(Exception):
    """The message says what to do. `status` is the worker's answer, 0 when there was none."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class OtherReleaseError(SessionsError):
    """The worker does not know the question, or its answer is none that is known here."""

    def __init__(self, url: str) -> None:
        super().__init__(f"the session worker at {url} is of another release and cannot answer this: upgrade it")


class SessionWorkers:
    """Used as a context or closed by `close`."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self._client = client or httpx.AsyncClient(timeout=WITHIN_S, trust_env=False)

    async def __aenter__(self) -> SessionWorkers:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def list(self, user: User, wanted: Wanted) -> SessionList:
        """One page of all workers' sessions; `partial` when one of them did not answer. Raises SessionsError."""
        asked = {name: getattr(wanted, name) for name in ("tenant", "prefix", "status", "sort", "after", "limit")}
        told = await self._ask_all(user, f"/sessions/?{urlencode(asked)}", SessionList)
        rows, after = page_of((row for page in told.answers for row in page.rows), wanted)
        return SessionList(
            rows=rows,
            after=after or _more(told.answers, rows, wanted),
            found=sum(page.found for page in told.answers),
            looked_at=sum(page.looked_at for page in told.answers),
            partial=not told.whole or any(page.partial for page in told.answers),
            other_release=told.other_release,
        )

    async def find(self, user: User, event_id: str, tenant: str = "") -> Found:
        """The sessions that hold this event, or remember that it left them; of all tenants when none is named.

        `partial` when a worker did not answer. Raises SessionsError.
        """
        query = urlencode({"event_id": event_id, "tenant": tenant})
        told = await self._ask_all(user, f"/events/?{query}", Found)
        places = [place for found in told.answers for place in found.places]
        partial = len(places) > MOST_FOUND or any(found.partial for found in told.answers)
        return Found(
            places=tuple(places[:MOST_FOUND]),
            looked_at=sum(found.looked_at for found in told.answers),
            partial=partial or not told.whole,
            other_release=told.other_release,
        )

    async def show(self, user: User, tenant: str, session_id: str) -> SessionView | None:
        """None when nobody knows it, or it is not the user's to see. Raises SessionsError."""
        try:
            body = await self._ask(user, "GET", self._settings.sessions_url, _path(tenant, session_id))
        except SessionsError as error:
            if error.status == 404:
                return None
            raise
        return _read(self._settings.sessions_url, body, SessionView)

    async def flush(self, user: User, tenant: str, session_id: str, why: str) -> None:
        """Its events leave now. Kafka has the command when this returns, and the audit. Raises SessionsError."""
        await self._give(user, "flush", tenant, session_id, why)

    async def erase(self, user: User, tenant: str, session_id: str, why: str) -> None:
        """What it holds and knows is dropped; the memory of visitors keeps its own. As `flush`."""
        await self._give(user, "erase", tenant, session_id, why)

    async def cluster(self, user: User) -> SessionCluster:
        """Every worker and what it owns. Raises SessionsError when the first does not answer."""
        first = await self._worker(user, self._settings.sessions_url)
        others = [peer for peer in first.peers if peer != first.url]
        found = await asyncio.gather(*(self._worker(user, peer) for peer in others), return_exceptions=True)
        here = [one for one in found if isinstance(one, SessionWorker)]
        return SessionCluster(
            workers=tuple(sorted([first, *here], key=lambda worker: worker.url)),
            missing=tuple(p for p, one in zip(others, found, strict=True) if not isinstance(one, SessionWorker)),
        )

    async def _worker(self, user: User, url: str) -> SessionWorker:
        return await self._ask_one(user, url, "/cluster/", SessionWorker)

    async def _ask_all(self, user: User, path: str, kind: type[Answer]) -> Asked[Answer]:
        """Raises SessionsError when none answers."""
        found = await self.cluster(user)
        urls = [one.url for one in found.workers]
        told = await asyncio.gather(*(self._told(user, url, path, kind) for url in urls))
        answers = [one for one in told if not isinstance(one, SessionsError)]
        other = tuple(url for url, one in zip(urls, told, strict=True) if isinstance(one, OtherReleaseError))
        if not answers:
            why = next((one for one in told if isinstance(one, OtherReleaseError)), None)
            raise why or SessionsError(
                "no session worker answers now: partitions are being taken over, ask again", 503
            )
        return Asked(answers, len(answers) == len(told) and not found.missing, other)

    async def _told(self, user: User, url: str, path: str, kind: type[Answer]) -> Answer | SessionsError:
        """The error of one whose answer may be done without."""
        try:
            return await self._ask_one(user, url, path, kind)
        except SessionsError as error:
            if error.status in (0, 503):
                return error
            raise

    async def _ask_one(self, user: User, url: str, path: str, kind: type[Answer]) -> Answer:
        """Of a page that every worker of this release has."""
        try:
            body = await self._ask(user, "GET", url, path)
        except SessionsError as error:
            if error.status == 404:
                raise OtherReleaseError(url) from error
            raise
        return _read(url, body, kind)

    async def _give(
        self, user: User, what: Literal["flush", "erase"], tenant: str, session_id: str, why: str
    ) -> None:
        path = _path(tenant, session_id) + what
        await self._ask(user, "POST", self._settings.sessions_url, path, {"why": why})

    async def _ask(self, user: User, method: str, url: str, path: str, body: object = None) -> bytes:
        headers = {"Authorization": issue(self._settings, user, time.time()), "Accept": "application/json"}
        try:
            answer = await self._client.request(method, url + path, headers=headers, json=body)
        except httpx.HTTPError as error:
            raise SessionsError(
                f"no session worker answers at {url} (CAPI_SESSIONS_URL): start `capi run`, or correct the address"
            ) from error
        if answer.status_code >= 400:
            raise SessionsError(_said(answer), answer.status_code)
        return answer.content


def _more(pages: Sequence[SessionList], rows: Sequence[SessionRow], wanted: Wanted) -> str:
    """The cursor when nothing is left over of what came, but a worker has more than it sent."""
    more = rows and any(page.after for page in pages)
    return cursor_of(place_of(rows[-1], wanted.sort)) if more else ""


def _read(url: str, body: bytes, kind: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise OtherReleaseError(url) from error


def _path(tenant: str, session_id: str) -> str:
    return f"/sessions/{quote(session_key(tenant, session_id), safe='')}/"


def _said(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"a session worker answered {answer.status_code}"
