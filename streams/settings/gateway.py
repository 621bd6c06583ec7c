"""Settings: between the sites."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from streams.settings.parts import Words


class GatewaySettings(BaseSettings):
    """Between the sites."""

    gateway_site: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9_-]{0,62})?$",
        validate_default=True,
        description="This site's name in the central site's tenants file; needed with CAPI_GATEWAY_URL.",
    )
    gateway_secrets: Words = Field(
        (),
        description="Where the secrets are that batches are signed with, env:NAME or file:PATH, comma separated.",
    )
    gateway_ca: str = Field("", description="PEM file of the CA of the gateway's certificate; else the machine's.")
    gateway_cert: str = Field("", description="PEM file of this site's client certificate, if it has one.")
    gateway_key: str = Field("", description="PEM file of its private key; empty: in the file of the certificate.")
    gateway_timeout_s: float = Field(
        45, gt=0, description="How long the gateway may take to answer, above its CAPI_CONFIRM_TIMEOUT_S, seconds."
    )
    gateway_posts_in_flight: int = Field(4, ge=1, le=32, description="Batches that dispatch POSTs at once.")
    gateway_gzip_bytes: int = Field(2_000, ge=0, description="A batch larger than this is compressed, bytes.")
    gateway_taken_s: float = Field(
        172_800, gt=0, description="How long the central site remembers which batches it took, seconds."
    )
    tls_cert: str = Field(
        "",
        description="PEM file of the collector's certificate; when set, TLS 1.3 only. SIGHUP reads it anew.",
    )
    tls_key: str = Field("", description="PEM file of its private key; empty: in the file of the certificate.")
    tls_client_ca: str = Field("", description="PEM file of the CA that signs the sites' client certificates.")
    tls_client_certs: Literal["none", "optional", "required"] = Field(
        "optional", description="With that: required turns everybody away who has no client certificate."
    )

    @field_validator("gateway_site")
    @classmethod
    def _named(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("gateway_url") and not value:
            raise ValueError("is needed with CAPI_GATEWAY_URL: this site's name in the central tenants file")
        return value

    @field_validator("gateway_secrets")
    @classmethod
    def _places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(place.startswith(("env:", "file:")) for place in value):
            raise ValueError("says where secrets are, env:NAME or file:PATH, never the secret itself")
        return value
