"""Checks of the platforms: they can be reached from here, and answer with the API version that is asked for.

Only those are asked for which a token is there, without the token: any answer will do, Meta's errors too have the
header `facebook-api-version`. What a token may do is told by `capi dest test`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from agents.doctor.check import Check, ok, warning
from sinks.platforms import check_known, rules
from sinks.platforms.contract import PlatformRules
from streams.events import Platform
from streams.settings import Settings
from streams.tenants import Tenants, TenantsError

WITHIN_S = 3.0
EXPIRED = "an expired version is served by another one, which may treat events differently: set CAPI_META_VERSION"


async def platform_checks(settings: Settings) -> list[Check]:
    """One for each platform that events can be sent to now. A broken tenants file is another check's business."""
    try:
        check_known(settings.tenant_map)
        wanted = platforms_in_use(settings.tenant_map)
    except TenantsError:
        return []
    known = rules(settings)
    return list(await asyncio.gather(*(check_platform(known[name]) for name in sorted(wanted))))


def platforms_in_use(tenants: Tenants) -> set[Platform]:
    found: set[Platform] = set()
    for tenant in tenants.tenants.values():
        for destination in tenant.destinations:
            try:
                if destination.read_token():
                    found.add(destination.platform)
            except TenantsError:
                continue
    return found


async def check_platform(platform: PlatformRules) -> Check:
    name, url = f"platform {platform.name}", f"{platform.base_url}/{platform.version}"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=WITHIN_S), trust_env=True) as session,
            session.get(url.rstrip("/") + "/", allow_redirects=False) as answer,
        ):
            return check_version(name, platform, answer.headers)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        todo = f"let this machine reach {platform.base_url}; until then its events wait"
        return warning(name, f"does not answer ({type(error).__name__})", todo)


def check_version(name: str, platform: PlatformRules, headers: Mapping[str, str]) -> Check:
    answered = platform.version_answered(headers)
    if answered and answered != platform.version:
        return warning(name, f"{platform.version} is asked for, {answered} answers", EXPIRED)
    return ok(name, f"answers {answered}".strip())
