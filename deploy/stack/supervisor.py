"""supervisord under the stack's folder: its configuration, and talking to it over its socket."""

from __future__ import annotations

import getpass
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy  # nosec B411 # asks our own supervisord over its socket

from supervisor.xmlrpc import Faults, SupervisorTransport

from deploy.stack.program import Program, StackError

# sockaddr_un holds 107 bytes on Linux.
SOCKET_LONGEST = 100


def socket_path(folder: Path) -> Path:
    """The control socket: in the stack's folder unless that path is too long for a socket."""
    inside = folder / "supervisor.sock"
    if len(str(inside)) <= SOCKET_LONGEST:
        return inside
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"capi-stack-{digest}.sock"


def log_path(folder: Path, name: str) -> Path:
    return folder / "log" / f"{name}.log"


def _quoted(text: str) -> str:
    # supervisord expands %(…)s, and ends values at unquoted commas and semicolons.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def _section(folder: Path, program: Program) -> str:
    environment = ",".join(f"{key}={_quoted(value)}" for key, value in program.environment.items())
    command = " ".join(_quoted(word) for word in program.command)
    lines = [
        f"[program:{program.name}]",
        f"command={command}",
        f"environment={environment}",
        f"priority={program.priority}",
        # `up` starts what does not answer yet; from then on it is restarted whenever it ends.
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        "startretries=30",
        f"stopwaitsecs={program.stop_s}",
        "stopasgroup=true",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={log_path(folder, program.name)}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=3",
    ]
    return "\n".join(lines) + "\n"


def _head(folder: Path) -> str:
    # Without a user supervisord complains at every start as root; others cannot set one.
    user = f"user={getpass.getuser()}" if os.geteuid() == 0 else ""
    control = socket_path(folder)
    return f"""[unix_http_server]
file={control}
chmod=0700

[supervisord]
logfile={log_path(folder, "supervisord")}
logfile_maxbytes=10MB
logfile_backups=3
pidfile={folder / "supervisord.pid"}
{user}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""


def _rpc(folder: Path) -> Any:
    transport = SupervisorTransport(None, None, f"unix://{socket_path(folder)}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


def process_states(folder: Path) -> dict[str, dict[str, Any]]:
    """Name -> supervisord's process information (`statename`, `pid`, …); empty when it does not run."""
    if not socket_path(folder).exists():
        return {}
    try:
        return {info["name"]: info for info in _rpc(folder).getAllProcessInfo()}
    except OSError:
        return {}


def _apply_configuration(folder: Path, conf: Path) -> None:
    """Start supervisord, or let the running one take up added and changed programs."""
    try:
        added, changed, removed = _rpc(folder).reloadConfig()[0]
    except OSError:
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)]
        subprocess.run(command, check=True, cwd=folder)
        return
    for name in [*changed, *removed]:
        _rpc(folder).stopProcessGroup(name)
        _rpc(folder).removeProcessGroup(name)
    for name in [*changed, *added]:
        _rpc(folder).addProcessGroup(name)


def _await_socket(folder: Path, deadline_s: float = 10) -> None:
    end = time.monotonic() + deadline_s
    while not process_states(folder):
        if time.monotonic() > end:
            raise StackError(f"supervisord does not answer; see {log_path(folder, 'supervisord')}")
        time.sleep(0.1)


def start(folder: Path, programs: Sequence[Program]) -> None:
    """Write the configuration, and start those programs that do not run; raises StackError."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    conf = folder / "supervisord.conf"
    known = conf.read_text() if conf.exists() and process_states(folder) else _head(folder)
    conf.write_text(_merged(known, folder, programs))
    _apply_configuration(folder, conf)
    _await_socket(folder)
    for program in programs:
        try:
            _rpc(folder).startProcess(program.name, False)
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise StackError(f"{program.name} cannot be started: {fault.faultString}") from fault


def _merged(known: str, folder: Path, programs: Sequence[Program]) -> str:
    """`known` with the sections of `programs` put in or replaced; other running programs stay."""
    head, *sections = known.split("\n[program:")
    kept = {section.partition("]")[0]: "[program:" + section for section in sections}
    kept |= {program.name: _section(folder, program) for program in programs}
    return "\n".join([head, *(section.rstrip("\n") + "\n" for section in kept.values())])


def stop(folder: Path, deadline_s: float = 60) -> bool:
    """Stop supervisord and all it runs; False when it did not run."""
    if not process_states(folder):
        return False
    _rpc(folder).shutdown()
    end = time.monotonic() + deadline_s
    while (folder / "supervisord.pid").exists():
        if time.monotonic() > end:
            raise StackError(f"supervisord does not end; see {log_path(folder, 'supervisord')}")
        time.sleep(0.1)
    return True
