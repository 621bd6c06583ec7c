"""Checks of the way between sites: does the centre know this site, which sites know secrets here, how long are the
certificates valid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from agents.doctor.check import Check, failed, ok, warning
from sinks.gateway.greeting import Greeting, GreetingError, greet
from streams.settings import Settings
from streams.signing import SecretError, secret_bytes
from streams.tenants import Site, Tenants, TenantsError, read_secrets

RENEW = timedelta(days=30)
FILES = ("gateway_ca", "gateway_cert", "tls_cert", "tls_client_ca")


async def check_gateway(settings: Settings, within_s: float) -> list[Check]:
    """As a client site: one question to the centre."""
    name = f"gateway {settings.gateway_url}"
    try:
        found = await greet(settings, within_s)
    except GreetingError as error:
        return [failed(name, str(error), "batches wait in Kafka until that is corrected, see docs/gateway.md")]
    return [_check_greeting(name, found, settings)]


def _check_greeting(name: str, found: Greeting, settings: Settings) -> Check:
    strangers = sorted(_tenants(settings).tenants.keys() - set(found.tenants))
    if strangers:
        todo = (
            f"add them to [sites.{found.site}] in the central tenants file: their batches wait, and others behind"
        )
        return failed(name, f"does not take tenants {', '.join(strangers)} from this site", todo)
    if not found.ready:
        return warning(
            name, "its RabbitMQ takes nothing at present", "look at the central site; Kafka keeps batches"
        )
    return ok(name, f"knows this site as {found.site}")


def check_sites(settings: Settings) -> Iterator[Check]:
    """As the centre: each site's secrets can be read, and are some."""
    for name, site in _tenants(settings).sites.items():
        yield _check_site(f"site {name}", site)
        if site.certificate and not settings.tls_client_ca:
            todo = "set CAPI_TLS_CERT and CAPI_TLS_CLIENT_CA for the collector that sites come to"
            yield warning(f"site {name}", "no certificate is asked for here, and it has to show one", todo)


def _check_site(name: str, site: Site) -> Check:
    try:
        secrets = read_secrets(site.secrets, name)
        for secret in secrets:
            secret_bytes(secret)
    except (TenantsError, SecretError) as error:
        return failed(name, str(error), f"put a secret where the tenants file says: {', '.join(site.secrets)}")
    proofs = [f"{len(secrets)} secret(s)"] * bool(secrets) + [f"certificate {site.certificate}"] * bool(
        site.certificate
    )
    return ok(name, f"for {', '.join(site.tenants)}, by {' and '.join(proofs)}")


def _tenants(settings: Settings) -> Tenants:
    try:
        return settings.tenant_map
    except TenantsError:  # which is a failed check of its own
        return Tenants({})


def check_certificates(settings: Settings, now: datetime | None = None) -> Iterator[Check]:
    """Each certificate that the settings name: readable, and valid for a while."""
    for field in FILES:
        if path := getattr(settings, field):
            yield _check_certificate(f"CAPI_{field.upper()}", Path(path), now or datetime.now(UTC))


def _check_certificate(name: str, path: Path, now: datetime) -> Check:
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        return failed(name, f"{path} cannot be read ({type(error).__name__})", "see docs/gateway.md")
    first = min(certificates, key=lambda one: one.not_valid_after_utc)
    found = f"{first.subject.rfc4514_string()}, valid until {first.not_valid_after_utc:%Y-%m-%d}"
    if first.not_valid_after_utc <= now:
        return failed(name, found, "renew it, `capi certs rotate`")
    if first.not_valid_after_utc - now < RENEW:
        return warning(name, found, "renew it soon, `capi certs rotate`")
    return ok(name, found)
