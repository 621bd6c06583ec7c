"""The native Kafka broker: jars by Maven from a pinned pom, storage formatted once, one JVM."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from string import Template

from deploy.stack.addresses import Addresses
from deploy.stack.lock import exclusive
from deploy.stack.program import Program, StackError
from deploy.stack.settings import ROOT, StackSettings

SOURCE = ROOT / "deploy/kafka"
POM = SOURCE / "pom.xml"


def fetch_jars(libs: Path) -> None:
    """Fill `libs` with the pom's jars; nothing is done when they are already this pom's."""
    with exclusive(libs.with_name("libs.lock")):
        stamp = libs / "pom.sha256"
        wanted = hashlib.sha256(POM.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print("kafka     fetching the jars of deploy/kafka/pom.xml with Maven", flush=True)
        fresh = libs.with_name(libs.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _copy_dependencies(fresh)
        (fresh / stamp.name).write_text(wanted)
        shutil.rmtree(libs, ignore_errors=True)
        fresh.rename(libs)


def _copy_dependencies(folder: Path) -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *goal], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"Maven could not fetch Kafka's jars:\n{done.stdout[-2000:]}{done.stderr[-500:]}")


def _write_properties(path: Path, addresses: Addresses, data: Path) -> None:
    text = Template((SOURCE / "server.properties").read_text()).substitute(
        host=addresses.kafka.host,
        port=addresses.kafka.port,
        controller_port=addresses.controller_port,
        data_dir=data,
    )
    path.write_text(text)


def java(libs: Path, *options: str) -> list[str]:
    """The start of a command line: Kafka's classes, logging to standard output."""
    log = f"-Dlog4j2.configurationFile={SOURCE / 'log4j2.xml'}"
    return [shutil.which("java") or "java", "-cp", f"{libs}/*", log, *options]


def new_cluster_id() -> str:
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def format_storage(libs: Path, properties: Path, data: Path, cluster_id: str) -> None:
    """Once: what is formatted already stays. Raises StackError."""
    if (data / "meta.properties").exists():
        return
    # StorageTool would read an id that begins with "-" as an option.
    tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config", str(properties)]
    done = subprocess.run([*java(libs), *tool], capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"Kafka's storage could not be formatted:\n{done.stdout[-1000:]}{done.stderr[-1000:]}")


def prepare_kafka(addresses: Addresses, settings: StackSettings) -> Program:
    """Fetch, configure and format; raises StackError."""
    folder = settings.dir / "kafka"
    data, properties = folder / "data", folder / "server.properties"
    folder.mkdir(parents=True, exist_ok=True)
    fetch_jars(settings.kafka_libs)
    _write_properties(properties, addresses, data)
    format_storage(settings.kafka_libs, properties, data, new_cluster_id())
    heap = [f"-Xmx{settings.kafka_memory_mb}m", "-Xms256m", "-XX:+ExitOnOutOfMemoryError"]
    command = [*java(settings.kafka_libs, *heap), "kafka.Kafka", str(properties)]
    return Program("kafka", command, stop_s=30)
