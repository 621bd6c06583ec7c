"""The session job in Kafka Streams, bench/baselines/kafka_streams: built by Maven on first use, then one JVM."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

from deploy.stack.debian import ensure_packages
from deploy.stack.lock import exclusive
from deploy.stack.program import StackError
from deploy.stack.settings import StackSettings, load_stack_settings
from streams.settings import Settings

SOURCE = Path(__file__).with_name("kafka_streams")
HEAP = "-Xmx1g"  # as much as the broker's own
MVN_WITHIN_S = 600


def built() -> Path:
    """The folder of its jars, made if this source has none yet. Raises StackError, which says what is missing."""
    settings = load_stack_settings()
    _ensure_jdk(settings)
    folder = settings.dir / "bench/kafka_streams"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder.with_name("kafka_streams.lock")):
        stamp, wanted = folder / "source.sha256", _digest()
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            _build(folder)
            stamp.write_text(wanted)
    return folder


def _ensure_jdk(settings: StackSettings) -> None:
    try:
        ensure_packages(["bench"], settings.install)
    except StackError as error:
        raise StackError(
            f"Kafka Streams is built here, which needs a JDK and Maven; or leave it out. {error}"
        ) from error


def _digest() -> str:
    sources = [SOURCE / "pom.xml", *sorted(SOURCE.glob("src/**/*.java"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _build(folder: Path) -> None:
    goals = ["package", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    command = ["mvn", "-q", "-B", "-f", str(SOURCE / "pom.xml"), *goals, f"-Dbuilt={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MVN_WITHIN_S)
    if done.returncode:
        raise StackError(f"Maven could not build {SOURCE}:\n{done.stdout[-3000:]}{done.stderr[-500:]}")


def command(settings: Settings, folder: Path, guarantee: str, commit_ms: int) -> list[str]:
    """The command line of a worker whose group, topics and limits are those of our own session worker.

    `guarantee` is Kafka Streams' `processing.guarantee`; `folder` is for its lock files, state is in memory.
    """
    given = {
        "servers": ",".join(settings.kafka_servers),
        "application": f"{settings.namespace}-sessions",
        "source": settings.topic("sessions.in"),
        "sink": settings.topic("batches"),
        "folder": folder,
        "guarantee": guarantee,
        "commit_ms": commit_ms,
        "session_timeout_ms": round(settings.session_timeout_s * 1000),
        "idle_ms": round(settings.idle_s * 1000),
        "grace_ms": round(settings.grace_s * 1000),
        "max_age_ms": round(settings.max_age_s * 1000),
        "max_events": settings.max_events,
        "max_bytes": settings.max_bytes,
        "flush_on": ",".join(sorted(settings.flush_on)),
    }
    options = [f"-Dbench.{name}={value}" for name, value in given.items()]
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", HEAP, quiet, *options, "-cp", f"{built()}/*", "stream.capi.bench.Main"]
