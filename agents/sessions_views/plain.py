"""Plain HTML of the views, for a worker that is looked at without the console: no script, no style."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from streams.session_find import Found
from streams.session_view import SessionCluster, SessionList, SessionView, SessionWorker


def _when(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_pages = Environment(loader=PackageLoader("agents.sessions_views"), autoescape=True, undefined=StrictUndefined)
_pages.filters["when"] = _when
_pages.filters["quoted"] = lambda text: quote(text, safe="")


def html(template: str, value: Found | SessionList | SessionView | SessionWorker | SessionCluster) -> str:
    return _pages.get_template(template).render(it=value)
