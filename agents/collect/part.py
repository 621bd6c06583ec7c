"""A part of the collector: routes, with what must run while they are served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from agents.collect.openapi import Api


def _well() -> str:
    return ""


@dataclass(frozen=True)
class Part:
    """`context` is one of aiohttp's `cleanup_ctx`: it ends after the last request was answered. `why_not` says
    why the part cannot take requests now, or nothing; /readyz shows it. `cross_origin` are paths that pages of
    the tenants' origins may call."""

    routes: Sequence[web.AbstractRouteDef]
    context: Callable[[web.Application], AsyncIterator[None]] | None = None
    why_not: Callable[[], str] = _well
    cross_origin: frozenset[str] = frozenset()
    api: Api | None = None
