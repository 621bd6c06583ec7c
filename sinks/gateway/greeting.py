"""Asks the centre who this site is there, with the certificates and secrets that batches would go with."""

from __future__ import annotations

import httpx
import msgspec

from sinks.gateway.client import PATH, SITE, own_signature, unreached
from sinks.gateway.tls import client_context
from sinks.gateway.verdict import Wait, verdict
from streams.settings import Settings
from streams.signing import SecretError
from streams.tenants import TenantsError


class GreetingError(Exception):
    """The centre does not know this site, or cannot be reached; the message says why."""


class Greeting(msgspec.Struct, frozen=True):
    """`ready`: the centre's RabbitMQ is not known to refuse jobs."""

    site: str
    tenants: list[str]
    ready: bool


async def greet(settings: Settings, within_s: float) -> Greeting:
    """Raises GreetingError."""
    try:
        context = client_context(settings.gateway_ca, settings.gateway_cert, settings.gateway_key)
    except OSError as error:
        raise GreetingError(f"the certificates cannot be used: {error}") from error
    try:
        headers = {SITE: settings.gateway_site, **own_signature(settings, "greeting", b"")}
        async with httpx.AsyncClient(verify=context, timeout=within_s) as client:
            answer = await client.get(settings.gateway_url.rstrip("/") + PATH, headers=headers)
    except (TenantsError, SecretError) as error:
        raise GreetingError(f"the secret cannot be used: {error}") from error
    except (httpx.HTTPError, OSError) as error:
        raise GreetingError(unreached(error).why) from error
    return _read(answer)


def _read(answer: httpx.Response) -> Greeting:
    if answer.status_code == 200:
        try:
            return msgspec.json.decode(answer.content, type=Greeting)
        except msgspec.DecodeError:
            raise GreetingError("what answers there is no gateway") from None
    found = verdict(answer.status_code, answer.headers, answer.content)
    raise GreetingError(found.why if isinstance(found, Wait) else f"status {answer.status_code}")
