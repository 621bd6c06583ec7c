"""The platforms by name. Pure: see contract.py. A platform is a module here that says `PLATFORM = <its class>`;
nothing else lists them."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

from sinks.platforms.contract import Addresses, PlatformRules
from streams.events import Platform
from streams.tenants import Tenants, TenantsError

Value = TypeVar("Value")


class ByPlatform(dict[Platform, Value]):
    """Says what is wrong when a platform is asked for that has no file here."""

    def __missing__(self, name: Platform) -> Value:
        raise TenantsError(f"platform {name} is not known here; known are {', '.join(self)}")


def _found() -> ByPlatform[type[PlatformRules]]:
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    kinds = (module.PLATFORM for module in modules if hasattr(module, "PLATFORM"))
    return ByPlatform({kind.name: kind for kind in kinds})


PLATFORM_RULES = _found()


def rules(settings: Addresses) -> ByPlatform[PlatformRules]:
    """Rules of every platform, with the addresses of these settings."""
    return ByPlatform({platform: kind.from_settings(settings) for platform, kind in PLATFORM_RULES.items()})


def check_known(tenants: Tenants) -> None:
    """Raises TenantsError when a destination's platform has no rules."""
    for tenant in tenants.tenants.values():
        for destination in tenant.destinations:
            PLATFORM_RULES[destination.platform]
