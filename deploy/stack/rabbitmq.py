"""The native RabbitMQ: own node, cookie, data, plugins and port mapper, all under the stack's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.stack.addresses import Addresses
from deploy.stack.program import Program
from deploy.stack.settings import StackSettings

# Debian's `rabbitmq-server` insists on the user rabbitmq; the script behind it runs as anybody.
SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
NODE = "capi@localhost"
# Busy-waiting schedulers would take a core from everything else on a small machine.
ERLANG_ARGS = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
# Dead-lettering can stall for minutes after a leader change with the defaults (180 s, 32).
ADVANCED = (
    "[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 3000},"
    " {dead_letter_worker_consumer_prefetch, 256}]}].\n"
)


def _conf(addresses: Addresses, settings: StackSettings) -> str:
    amqp = addresses.rabbitmq
    lines = [
        f"listeners.tcp.local = {amqp}",
        f"management.tcp.ip = {addresses.management.host}",
        f"management.tcp.port = {addresses.management.port}",
        f"default_user = {amqp.user or 'guest'}",
        f"default_pass = {amqp.password or 'guest'}",
        f"default_vhost = {amqp.path or '/'}",
        f"vm_memory_high_watermark.absolute = {settings.rabbitmq_memory_mb}MiB",
        f"disk_free_limit.absolute = {settings.rabbitmq_disk_free_mb}MiB",
        # Quorum queues share one write-ahead log; the default of 512 MB is for big machines.
        "raft.wal_max_size_bytes = 67108864",
        # Queue lengths in the management API are this old at most, ms.
        "collect_statistics_interval = 1000",
        "log.file = false",
        "log.console = true",
        "log.console.level = info",
    ]
    return "\n".join(lines) + "\n"


def _write_files(folder: Path, addresses: Addresses, settings: StackSettings) -> None:
    for name in ("data", "home"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "rabbitmq.conf").touch(mode=0o600)
    (folder / "rabbitmq.conf").write_text(_conf(addresses, settings))
    (folder / "advanced.config").write_text(ADVANCED)
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    # An empty one of ours keeps the machine's /etc/rabbitmq/rabbitmq-env.conf out.
    (folder / "rabbitmq-env.conf").write_text("")


def _environment(folder: Path, addresses: Addresses) -> dict[str, str]:
    return {
        # The script then becomes the Erlang VM instead of its parent: kills and stops reach the node itself.
        "RUNNING_UNDER_SYSTEMD": "true",
        "HOME": str(folder / "home"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(addresses.epmd_port),
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_DIST_PORT": str(addresses.dist_port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "data"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGS,
    }


def prepare_rabbitmq(addresses: Addresses, settings: StackSettings) -> tuple[Program, Program]:
    """Write the node's files; returns the port mapper (epmd) and the node, in starting order."""
    folder = settings.dir / "rabbitmq"
    folder.mkdir(parents=True, exist_ok=True)
    _write_files(folder, addresses, settings)
    # Our own epmd: otherwise Erlang leaves one behind, on every interface, that `down` does not stop.
    epmd = [shutil.which("epmd") or "epmd", "-address", "127.0.0.1", "-port", str(addresses.epmd_port)]
    node = Program("rabbitmq", [str(SCRIPT)], _environment(folder, addresses), stop_s=30)
    return Program("epmd", epmd, priority=1), node
