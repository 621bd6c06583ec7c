"""Which client site sends: by signature, client certificate, or both, as the tenants file asks of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiohttp import web

from agents.collect.problems import Problem
from agents.collect.signed import check_signature
from sinks.gateway.client import SITE
from streams.tenants import SecretKey, Site, Tenants


class Sender(NamedTuple):
    name: str
    site: Site


class Sites:
    def __init__(self, tenants: Tenants) -> None:
        self._sites = tenants.sites

    def identify(self, request: web.Request, wire: bytes) -> Sender:
        """`wire` is the body as sent, not yet inflated. Raises Problem 401, and 503 without a readable secret."""
        name = request.headers.get(SITE, "")
        site = self._sites.get(name)
        if site is None:
            raise Problem(401, "unknown_site", "the site is not known here", "see docs/gateway.md", SITE)
        if site.certificate:
            peer = request.transport.get_extra_info("peercert") if request.transport else None
            _check_certificate(site.certificate, names(peer or {}))
        if site.secrets:
            check_signature(SecretKey(id=name, secrets=site.secrets), request.headers, wire, time.time())
        return Sender(name, site)


def _check_certificate(wanted: str, found: Sequence[str]) -> None:
    if not found:
        raise Problem(401, "no_certificate", "the site has to show its certificate", "set CAPI_GATEWAY_CERT")
    if wanted not in found:
        raise Problem(401, "wrong_certificate", "the certificate is another site's", "use the site's own")


def names(peer: Mapping[str, Any]) -> list[str]:
    """Common name and alternative names of a verified certificate, in the form of `SSLSocket.getpeercert`."""
    common = [value for part in peer.get("subject", ()) for key, value in part if key == "commonName"]
    return common + [value for _, value in peer.get("subjectAltName", ())]
