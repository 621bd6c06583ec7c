"""/quality: how good the match is, per event name and pixel, and what to fix first; /quality.csv the same."""

from __future__ import annotations

import time
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from aiohttp import web

from agents.access.users import User
from agents.console.desk import Desk
from agents.console.pages import page, render
from agents.quality_csv import quality_csv
from agents.quality_report import HOUR_MS, PERIODS, Hour, OwnQualities, Report, period_ms, report
from sinks.dataset_quality import DatasetQuality
from streams.ledger.shares import FRESH_S, Shares, match_keys, with_several_pixels
from streams.settings import Settings

USUAL = "24h"
ADVICE_SHOWN, WAIT_S = 12, 2.0


@page("/quality", role="viewer", nav="Quality")
async def quality(desk: Desk, request: web.Request, user: User) -> web.Response:
    period, tenant = _asked(request)
    found = await _report(desk, request, user)
    seen = [(n, t) for n, t in desk.settings.tenant_map.tenants.items() if user.sees(n) and tenant in ("", n)]
    own = await own_qualities(desk.settings).of(seen, WAIT_S)
    return render(
        request,
        "quality.html",
        period=period,
        periods=PERIODS,
        tenant=tenant,
        tenants=[name for name in desk.settings.tenant_map.tenants if user.sees(name)],
        report=found,
        advice=found.advice[:ADVICE_SHOWN],
        more_advice=max(0, len(found.advice) - ADVICE_SHOWN),
        matrices=matrices(found.rows),
        lines=FRESH_S,
        own=own,
        several=with_several_pixels(found.rows),
        own_scores={
            (one.tenant, one.pixel_id, event.event_name): event.score
            for one in own
            for event in one.events
            if event.score is not None
        },
        csv=user.may("marketer"),
        series=series(found, int(desk.settings.ledger_s) * 1000),
    )


@page("/quality.csv", role="marketer")
async def table(desk: Desk, request: web.Request, user: User) -> web.Response:
    found = await _report(desk, request, user)
    headers = {"Content-Disposition": 'attachment; filename="quality.csv"'}
    return web.Response(text=quality_csv(found.rows), content_type="text/csv", headers=headers)


class Matrix(NamedTuple):
    """The match keys of one pixel, and its rows."""

    tenant: str
    platform: str
    pixel_id: str
    keys: tuple[str, ...]
    rows: list[Shares]


def matrices(rows: tuple[Shares, ...]) -> list[Matrix]:
    by_pixel = sorted(rows, key=_pixel)
    return [Matrix(*pixel, match_keys(pixel[1]), list(group)) for pixel, group in groupby(by_pixel, key=_pixel)]


def _pixel(row: Shares) -> tuple[str, str, str]:
    return row.tenant, row.platform, row.pixel_id


def series(found: Report, kept_ms: int) -> dict[str, Any]:
    """For the chart: events an hour, and those of them that were enriched, of all hours that the ledger keeps."""
    first_ms = max(found.since_ms, found.until_ms - kept_ms)
    known = {hour.at_ms: hour for hour in found.hours}
    hours = [
        known.get(at_ms, Hour(at_ms, 0, 0))
        for at_ms in range(first_ms - first_ms % HOUR_MS, found.until_ms, HOUR_MS)
    ]
    return {
        "x": [hour.at_ms // 1000 for hour in hours],
        "series": [
            {"label": "events", "values": [hour.events for hour in hours]},
            {"label": "enriched", "values": [hour.enriched for hour in hours]},
        ],
    }


@lru_cache(maxsize=8)
def own_qualities(settings: Settings) -> OwnQualities:
    """That of this process."""
    return OwnQualities(DatasetQuality(settings))


async def _report(desk: Desk, request: web.Request, user: User) -> Report:
    period, tenant = _asked(request)
    try:
        length_ms = period_ms(period)
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return await report(desk.ask, length_ms, time.time_ns() // 1_000_000, user.scope(tenant))


def _asked(request: web.Request) -> tuple[str, str]:
    return request.query.get("period", USUAL)[:10], request.query.get("tenant", "")[:64]
