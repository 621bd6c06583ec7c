"""The roles of a site as processes: what `capi run` starts. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from agents.supervisor import Worker
from streams.settings import Settings

ROLES = ("ingest", "sessions", "visitors", "dispatch", "deliver")  # bring events to the platforms, at every site
SEEING = ("ledger",)  # show them to people
FAUST_ROLES = ("ingest", "sessions", "visitors", "dispatch", "ledger")
DOORS = ("collect", "intake")  # of those where somebody comes that way
ALL_ROLES = (*ROLES, *SEEING, *DOORS)


class RolesError(Exception):
    """The roles or their numbers cannot be used; the message says what may be given."""


def usual_roles(settings: Settings) -> list[str]:
    """All that have something to do: the HTTP door only when somebody has a key to it, delivery only where it is
    not the central site's. Whether an app pushes to Redis cannot be known here: the intake is asked for."""
    here = [role for role in ROLES if role != "deliver" or not settings.gateway_url]
    return [*here, *SEEING, *(["collect"] if settings.tenant_map.has_keys else ())]


def parse_roles(text: str, usual: Sequence[str]) -> list[str]:
    """`ingest,deliver` -> its roles in the order of ALL_ROLES; `+intake` -> the usual ones and that one;
    nothing -> the usual ones. Raises RolesError."""
    named = {part.strip() for part in text.removeprefix("+").split(",") if part.strip()}
    asked = named | set(usual) if text[:1] in ("", "+") else named
    if not asked or asked - set(ALL_ROLES):
        unknown = ", ".join(sorted(asked - set(ALL_ROLES))) or "nothing"
        raise RolesError(f"--roles: {unknown} is no role; roles are {', '.join(ALL_ROLES)}")
    return [role for role in ALL_ROLES if role in asked]


def parse_counts(texts: Sequence[str], settings: Settings) -> dict[str, int]:
    """`sessions=2` -> how many processes of a role. Raises RolesError."""
    counts: dict[str, int] = {}
    for text in texts:
        role, _, number = text.partition("=")
        if role not in ALL_ROLES or not number.isdecimal() or int(number) < 1:
            raise RolesError(f"--workers {text}: write ROLE=NUMBER, for example sessions=2")
        if role in FAUST_ROLES and int(number) > settings.partitions:
            raise RolesError(f"--workers {text}: more than CAPI_PARTITIONS={settings.partitions} would be idle")
        counts[role] = int(number)
    return counts


def workers(settings: Settings, roles: Sequence[str], counts: Mapping[str, int]) -> list[Worker]:
    """One Worker a process, each with a folder and a metrics port of its own. Web ports are counted by role: only
    session workers have views, and the first of them is to be at CAPI_WEB_PORT, where CAPI_SESSIONS_URL looks."""
    made: list[Worker] = []
    for role in roles:
        number = counts.get(role, 1)
        for n in range(1, number + 1):
            name = role if number == 1 else f"{role}-{n}"
            made.append(Worker(name=name, argv=_argv(role, settings), env=_env(name, len(made), n - 1, settings)))
    return made


def _argv(role: str, settings: Settings) -> tuple[str, ...]:
    if role not in FAUST_ROLES:
        return (sys.executable, "-m", "agents.cli", role)
    web = () if settings.web_port else ("--without-web",)  # the command line has the last word over the app
    return (sys.executable, "-m", "faust", "-A", f"agents.{role}", "worker", "-l", settings.log_level, *web)


def _env(name: str, of_all: int, of_role: int, settings: Settings) -> dict[str, str]:
    return {
        "CAPI_WEB_PORT": str(settings.web_port and settings.web_port + of_role),
        "CAPI_METRICS_PORT": str(settings.metrics_port and settings.metrics_port + of_all),
        "CAPI_STATE_DIR": str(settings.state_dir / name),
    }
