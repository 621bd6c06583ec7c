"""Static files, read once: each address has a digest of the content, so browsers may keep it for ever."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Asset(NamedTuple):
    digest: str
    body: bytes
    content_type: str


@cache
def assets() -> dict[str, Asset]:
    """Name below static/ -> file. What is not in here is not served."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            body = path.read_bytes()
            digest = sha256(body).hexdigest()[:16]
            found[path.relative_to(FOLDER).as_posix()] = Asset(digest, body, TYPES[path.suffix])
    return found


def address_of(name: str) -> str:
    return f"/static/{assets()[name].digest}/{name}"


async def serve_asset(request: web.Request) -> web.Response:
    asset = assets().get(request.match_info["name"])
    if asset is None or asset.digest != request.match_info["digest"]:
        raise web.HTTPNotFound(text="There is no such file.")
    return web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=FOR_EVER)
