"""TLS of the collector: 1.3, client certificates of sites, and files that may be replaced while it runs."""

from __future__ import annotations

import ssl

import structlog

from sinks.gateway.tls import server_context
from streams.settings import Settings

log = structlog.get_logger(__name__)


class ServerTls:
    """`context` is the listener's for good; each handshake goes on with the files as they were read last.

    Connections that are up stay up. Raises OSError when the files cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._newest = self._read()
        self.context = self._read()
        self.context.sni_callback = self._swap  # called in every handshake, with a name or without

    def reload(self) -> None:
        """Files that cannot be used are logged, and those of before stay."""
        try:
            self._newest = self._read()
        except OSError as error:
            log.error("the new TLS files cannot be used; going on with the old", why=str(error))
        else:
            log.info("TLS files read anew")

    def _swap(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._newest

    def _read(self) -> ssl.SSLContext:
        settings = self._settings
        context = server_context(
            settings.tls_cert, settings.tls_key, settings.tls_client_ca, settings.tls_client_certs
        )
        if settings.tls_client_ca:
            context.num_tickets = 0  # a session resumed by ticket is not checked against a CA that was replaced
        return context


def server_tls(settings: Settings) -> ServerTls | None:
    """None: without CAPI_TLS_CERT the collector speaks HTTP, to a proxy that ends TLS."""
    return ServerTls(settings) if settings.tls_cert else None
