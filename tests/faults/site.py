"""The shops of the fault tests, and the settings that the roles of a site will see."""

from __future__ import annotations

from collections.abc import Mapping

from streams.settings import Settings
from tests.faults.plan import SHOPS
from tests.faults.verdict import NOT_SENT, pixel_of

HOLD = {"north": "session", "south": "adaptive"}
KEEP_UP_S = 0.2


def tenants_toml() -> str:
    """Two shops with a Meta and a TikTok pixel each."""
    return "\n".join(
        f'[tenants.{shop}]\nhold = "{HOLD[shop]}"\n' + "\n".join(_destination(shop, name) for name in NOT_SENT)
        for shop in SHOPS
    )


def _destination(shop: str, platform: str) -> str:
    return (
        f"[[tenants.{shop}.destinations]]\n"
        f'platform = "{platform}"\npixel_id = "{pixel_of(platform, shop)}"\ntoken = "env:FAULTS_TOKEN"\n'
    )


def settings_of(env: Mapping[str, str]) -> Settings:
    """The settings that the roles will see in `env`."""
    prefix = "CAPI_"
    return Settings(
        **{name.removeprefix(prefix).lower(): value for name, value in env.items() if name.startswith(prefix)}  # type: ignore[arg-type]
    )
