"""Every route of every door, and what somebody could ask of it about another tenant.

A route without an entry here fails the test: say what could be asked, or that it tells nothing of tenants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web

from agents.collect.parts import all_parts
from agents.collect.server import make_app
from agents.console.app import routes as console_routes
from agents.ledger_web import PATH
from agents.sessions import create_app
from streams.ledger.queries import Query
from streams.settings import Settings
from tests.site import META, TIKTOK
from tests.unit.console.desk import fake_desk

PIXELS = {"shop": ("meta", META), "other": ("tiktok", TIKTOK)}


class Seed(NamedTuple):
    """Of a tenant: an open visit and its event, and an order whose visit has ended. Texts of nobody else."""

    tenant: str
    session: str
    event: str
    name: str
    order: str
    order_session: str

    @property
    def key(self) -> str:
        return f"{self.tenant}|{self.session}"


class Ask(NamedTuple):
    """`marks` are what the answer has when it tells of the tenant, beside what was asked; none for an action."""

    marks: tuple[str, ...] = ()
    params: Mapping[str, str] = {}
    form: Mapping[str, str] = {}
    body: Any = None
    path: str = ""


NOTHING: tuple[Ask, ...] = ()  # it tells nothing of tenants, whoever asks


def console(seed: Seed) -> dict[tuple[str, str], tuple[Ask, ...]]:
    platform, pixel = PIXELS[seed.tenant]
    lane = {"platform": platform, "pixel": pixel, "tenant": seed.tenant, "why": "abuse", "code": "T"}
    dead = {"tenant": seed.tenant, "per_second": "1", "limit": "1", "why": "abuse", "all": "1"}
    session = {"key": seed.key, "why": "abuse", "sure": "1"}
    person = {"tenant": seed.tenant, "field": "em", "value": "ada@example.com"}
    all_marks = (seed.session, seed.event, seed.order, seed.name, seed.order_session)
    return {
        ("GET", "/"): (Ask((pixel,)),),
        ("GET", "/live"): (
            Ask((seed.order,)),
            Ask((seed.order,), {"tenant": seed.tenant}),
            Ask((seed.order,), {"text": seed.order_session}),
        ),
        ("GET", "/trace"): (
            Ask((seed.session, seed.name), {"event_id": seed.event}),
            Ask((seed.order_session,), {"event_id": seed.order}),
        ),
        ("GET", "/search"): (
            Ask((), {"q": seed.event}),
            Ask((seed.tenant + "%7C",), {"q": seed.session}),
        ),
        ("GET", "/sessions"): (
            Ask((seed.session,)),
            Ask((seed.session,), {"tenant": seed.tenant}),
            Ask((seed.session,), {"prefix": seed.session[:5]}),
        ),
        ("GET", "/sessions/one"): (
            Ask((seed.event, seed.name), {"key": seed.key}),
            Ask((seed.order,), {"key": f"{seed.tenant}|{seed.order_session}"}),
        ),
        ("GET", "/destinations"): (Ask((pixel,)),),
        ("GET", "/dead"): (Ask(all_marks, {"jobs": "1"}), Ask(all_marks, {"tenant": seed.tenant, "jobs": "1"})),
        ("GET", "/quality"): (Ask((f">{seed.tenant}<",)), Ask((f">{seed.tenant}<",), {"tenant": seed.tenant})),
        ("GET", "/quality.csv"): (Ask((seed.tenant,)), Ask((seed.tenant,), {"tenant": seed.tenant})),
        ("GET", "/audit"): (Ask(all_marks),),
        ("GET", "/cluster"): NOTHING,
        ("POST", "/destinations/pause"): (Ask(form=lane),),
        ("POST", "/destinations/resume"): (Ask(form=lane),),
        ("POST", "/destinations/test"): (Ask(form=lane),),
        ("POST", "/dead/replay"): (Ask(form=dead),),
        ("POST", "/dead/drop"): (Ask(form=dead),),
        ("POST", "/sessions/flush"): (Ask(form=session),),
        ("POST", "/sessions/erase"): (Ask(form=session),),
        ("GET", "/people"): (Ask(all_marks),),
        ("POST", "/people"): (Ask(form=person),),
        ("POST", "/people/erase"): (Ask(form=person | {"person": "forged", "sure": "1"}),),
        ("GET", "/static/{digest}/{name}"): NOTHING,
        ("GET", "/login"): NOTHING,
        ("POST", "/login"): NOTHING,
        ("POST", "/logout"): NOTHING,
        ("*", "/{rest}"): NOTHING,
    }


def ledger(seed: Seed) -> dict[tuple[str, str], tuple[Ask, ...]]:
    return {("POST", PATH): tuple(_questions(seed))}


def _questions(seed: Seed) -> Iterator[Ask]:
    """One of each kind, all of all tenants as far as the question says."""
    own: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
        "trace": ((seed.order_session,), {"event_id": seed.order}),
        "session": ((seed.order,), {"tenant": seed.tenant, "session_id": seed.order_session}),
        "counts": ((f'"{seed.tenant}"',), {"since_ms": 0}),
        "quality": ((f'"{seed.tenant}"',), {"since_ms": 0}),
        "rejects": ((f'"{seed.tenant}"',), {"since_ms": 0}),
        "recent": ((seed.order,), {}),
        "audit": ((), {}),
        "holds": ((), {"tenant": seed.tenant, "field": "em", "digest": "0" * 64}),
        "cluster": ((), {}),
    }
    kinds = {kind.__struct_config__.tag for kind in Query.__args__}
    assert kinds == set(own), "a question of the ledger is not in the matrix"
    for kind, (marks, fields) in own.items():
        for tenants in (None, [seed.tenant]):
            yield Ask(marks, body={"ask": kind, "tenants": tenants} | fields)


def views(seed: Seed) -> dict[tuple[str, str], tuple[Ask, ...]]:
    key = quote(seed.key, safe="")
    return {
        ("GET", "/sessions/"): (
            Ask((seed.session,)),
            Ask((seed.session,), {"tenant": seed.tenant}),
            Ask((seed.session,), {"tenants": seed.tenant}),
        ),
        ("GET", "/sessions/{key}/"): (Ask((seed.event,), path=f"/sessions/{key}/"),),
        ("GET", "/events/"): (
            Ask((seed.session,), {"event_id": seed.event}),
            Ask((seed.session,), {"event_id": seed.event, "tenant": seed.tenant}),
        ),
        ("GET", "/cluster/"): NOTHING,
        ("GET", "/"): NOTHING,
        ("POST", "/sessions/{key}/flush"): (Ask(body={"why": "abuse"}, path=f"/sessions/{key}/flush"),),
        ("POST", "/sessions/{key}/erase"): (Ask(body={"why": "abuse"}, path=f"/sessions/{key}/erase"),),
    }


COLLECT = {
    ("POST", "/v1/events"): "test_an_event_is_of_its_key_s_tenant_whatever_it_says",
    ("GET", "/v1/id"): "",
    ("POST", "/v1/batches"): "test_a_site_sends_for_its_own_tenants_only",
    ("GET", "/v1/batches"): "test_a_certificate_is_good_for_its_own_site_only",
    ("GET", "/capi.js"): "",
    ("GET", "/openapi.json"): "",
    ("OPTIONS", "/v1/events"): "",
    ("OPTIONS", "/v1/id"): "",
}


# -- what there is


def of_app(app: web.Application) -> set[tuple[str, str]]:
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return {one for one in found if one[0] != "HEAD"}


def all_console(folder: Path) -> set[tuple[str, str]]:
    app = web.Application()
    app.add_routes(console_routes(fake_desk(folder)))
    return of_app(app)


def all_collect(settings: Settings) -> set[tuple[str, str]]:
    """Without the files of the demo shop, which are for everybody."""
    found = of_app(make_app(settings, all_parts(settings)))
    return {(method, path) for method, path in found if not path.startswith("/demo")}


def all_views(settings: Settings) -> set[tuple[str, str]]:
    app: Any = create_app(settings).web
    return of_app(app.web_app)
