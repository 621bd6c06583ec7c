"""Whether the port of the web views can be had, before Faust tries and fails with a traceback."""

from __future__ import annotations

import socket
from typing import Any

from streams.settings import Settings


def check_port(settings: Settings, *_: Any, **__: Any) -> None:
    """Raises SystemExit with what to do."""
    if not settings.web_port:
        return
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web_host, settings.web_port))
        except OSError as error:
            raise SystemExit(
                f"CAPI_WEB_PORT {settings.web_port} on {settings.web_host} cannot be had ({error.strerror}): "
                "give each session worker a port of its own, as `capi run` does, or 0 for no web views"
            ) from error
