"""What the collector serves of the snippet: `/capi.js` for any page, the demo shop at `/demo` if it is on."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

from aiohttp import web

from streams.settings import Settings

FOLDER = Path(__file__).parent
SCRIPT_AGE_S = 3600  # a new release reaches every page within the hour
TYPES = {".js": "text/javascript", ".css": "text/css"}
# No 'unsafe-inline': the page's one inline script, the stub, has the nonce.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(settings: Settings) -> list[web.RouteDef]:
    """All of it; files are read once, here."""
    found = [web.get("/capi.js", _script((FOLDER / "capi.js").read_bytes()))]
    if settings.demo_shop_key:
        files = {path.name: path for path in sorted((FOLDER / "demo").iterdir()) if path.suffix in TYPES}
        found += [web.get(f"/demo/{name}", _file(path)) for name, path in files.items()]
        # every other path is a page of the shop, which its script tells apart
        found.append(web.get(r"/demo{page:(/.*)?}", _page(settings.demo_shop_key)))
    return found


def _script(script: bytes) -> Handler:
    packed = gzip.compress(script, 9, mtime=0)
    tag = f'"{hashlib.sha256(script).hexdigest()[:16]}"'
    headers = {
        "Cache-Control": f"public, max-age={SCRIPT_AGE_S}",
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        # pages may check its integrity, and those that isolate themselves may load it
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        small = "gzip" in request.headers.get("Accept-Encoding", "")
        return web.Response(
            body=packed if small else script,
            content_type=TYPES[".js"],
            charset="utf-8",
            headers=headers | ({"Content-Encoding": "gzip"} if small else {}),
        )

    return answer


def _file(path: Path) -> Handler:
    text, kind = path.read_text(encoding="utf-8"), TYPES[path.suffix]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    return answer


def _page(key: str) -> Handler:
    page = Template((FOLDER / "demo/index.html").read_text(encoding="utf-8"))

    async def answer(_: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        return web.Response(
            text=page.substitute(nonce=nonce, key=key),
            content_type="text/html",
            headers={"Content-Security-Policy": POLICY.format(nonce=nonce)},
        )

    return answer
