"""The site that a fault test hurts: topics and virtual host, two shops, stand-in platforms, restarting roles."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from streams.events import decode_batch, decode_reject
from streams.settings import Settings
from tests.faults.collect import answers, arrivals, committed, in_the_clear, members, read_ledger
from tests.faults.plan import SHOPS
from tests.faults.roles import Role, capi, clean_environment, faust, run_once, stop_all
from tests.faults.verdict import NOT_SENT, Collected, pixel_of
from tests.kafka import eventually
from tests.site import free_port

HOLD = {"north": "session", "south": "adaptive"}
KEEP_UP_S = 0.2
READY_S = 60.0
# Short windows, so that minutes show what hours would; session time-out below the time a worker is stopped for.
SHORT = {
    "CAPI_IDLE_S": "4",
    "CAPI_MAX_AGE_S": "15",
    "CAPI_GRACE_S": "20",
    "CAPI_TICK_S": "0.5",
    "CAPI_RETRY_S": "2,4,8,16",
    "CAPI_MERGE_S": "2",
    "CAPI_SESSION_TIMEOUT_S": "6",
    "CAPI_TRANSACTION_TIMEOUT_S": "15",
    "CAPI_STALL_S": "20",
    "CAPI_DELIVERED_TTL_S": "900",
    "CAPI_WEB_PORT": "0",
    "CAPI_LOG_LEVEL": "warning",
}
OURS = {
    "ingest": faust("agents.ingest"),
    "sessions-1": faust("agents.sessions"),
    "sessions-2": faust("agents.sessions"),
    "visitors": faust("agents.visitors"),
    "dispatch": faust("agents.dispatch"),
    "deliver": capi("deliver"),
}
WORKERS = ("sessions-1", "sessions-2")  # those that are stopped past the session time-out


def up_to_sessions(module: str) -> dict[str, tuple[str, ...]]:
    """The first two stages, with another module's session workers: for tests that must see losses."""
    return {"ingest": faust("agents.ingest"), **dict.fromkeys(WORKERS, faust(module))}


class Site:
    """`roles` are the processes under test; the platforms' stand-in is not one of them."""

    def __init__(self, folder: Path, kafka_url: str, commands: Mapping[str, tuple[str, ...]]) -> None:
        port, name = free_port(), f"test-{secrets.token_hex(4)}"
        self.platforms_url = f"http://127.0.0.1:{port}"
        self.env = clean_environment() | SHORT | self._own(folder, name, kafka_url)
        self.settings = settings_of(self.env)
        self.delivers = "deliver" in commands
        self.roles = {role: Role(role, command, self.env, folder) for role, command in commands.items()}
        stand_in = capi("platforms", "--port", str(port), "--state", str(folder / "ledger.jsonl"))
        self.platforms = Role("platforms", stand_in, self.env, folder)

    def _own(self, folder: Path, name: str, kafka_url: str) -> dict[str, str]:
        tenants = folder / "tenants.toml"
        tenants.write_text(tenants_toml())
        return {
            "CAPI_KAFKA_URL": kafka_url,
            "CAPI_RABBITMQ_URL": f"amqp://guest:guest@127.0.0.1:5672/{name}",
            "CAPI_NAMESPACE": name,
            "CAPI_TENANTS": str(tenants),
            "CAPI_META_URL": self.platforms_url,
            "CAPI_TIKTOK_URL": self.platforms_url,
            "FAULTS_TOKEN": secrets.token_hex(8),
        }

    async def keep_up(self) -> None:
        """Start again whatever dies, until cancelled. Raises RoleError when a role does nothing but die."""
        while True:
            for role in self._processes():
                role.keep_up()
            await asyncio.sleep(KEEP_UP_S)

    async def ready(self) -> None:
        """Wait until every worker has joined its group, so that the faults hit workers and not their imports."""
        wanted = Counter(name.partition("-")[0] for name in self.roles if name != "deliver")

        async def all_joined() -> bool:
            joined = [await members(self.settings, role) >= count for role, count in wanted.items()]
            return all(joined) and (not self.delivers or await answers(self.platforms_url))

        await eventually(all_joined, READY_S, every_s=1)

    async def collect(self, accepted: frozenset[str]) -> Collected:
        """All that has come out so far."""
        landed, in_clear = await read_ledger(self.platforms_url) if self.delivers else (None, 0)
        batches = await committed(self.settings, "batches")
        rejects = await committed(self.settings, "rejects")
        log = await committed(self.settings, "sessions.in")
        visits = await committed(self.settings, "visitors.in")
        return Collected(
            accepted=accepted,
            batches=[decode_batch(record.value) for record in batches],
            rejects=[decode_reject(record.value) for record in rejects],
            landed=landed,
            in_clear=in_clear + in_the_clear([*batches, *rejects, *log, *visits], self.outputs()),
            arrivals=arrivals(log),
            remembers_ms=round(1000 * (self.settings.idle_s + self.settings.grace_s)),
        )

    def outputs(self) -> list[bytes]:
        """What each process wrote."""
        return [role.output.read_bytes() for role in self._processes() if role.output.exists()]

    def provision(self) -> None:
        run_once(capi("topics", "apply"), self.env)
        if self.delivers:
            run_once(capi("queues", "apply"), self.env)

    def close(self) -> None:
        stop_all(self._processes())
        if self.delivers:
            vhost = self.settings.rabbitmq_url.rpartition("/")[2]
            url = f"{self.settings.rabbitmq_management_url}/api/vhosts/{vhost}"
            httpx.delete(url, auth=("guest", "guest"), timeout=20)

    def _processes(self) -> list[Role]:
        return [*self.roles.values(), *([self.platforms] if self.delivers else [])]


@contextmanager
def site(folder: Path, kafka_url: str, commands: Mapping[str, tuple[str, ...]] = OURS) -> Iterator[Site]:
    """Topics and queues exist; the roles start with the first `keep_up`. Everything of its own goes at the end."""
    made = Site(folder, kafka_url, commands)
    try:
        made.provision()
        yield made
    finally:
        made.close()


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
