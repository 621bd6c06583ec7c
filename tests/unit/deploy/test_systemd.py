"""The units: systemd reads them without a word, they are shut in, and there is one for each role."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agents.roles import ALL_ROLES
from streams.settings import Settings

FOLDER = Path(__file__).parents[3] / "deploy/systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*@.service"))
WORST = 15  # tenths of systemd's measure of exposure: 0 is the least, 100 no protection at all


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they would be installed, with the programs of this environment."""
    folder = tmp_path_factory.mktemp("units") / "system"
    shutil.copytree(FOLDER, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/capi/bin", str(Path(sys.executable).parent)))
    return folder


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:", "SYSTEMD_LOG_LEVEL": "warning"}
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, env=env, cwd=folder
    )


def test_there_is_a_unit_for_each_role_and_one_that_provisions() -> None:
    assert {*UNITS} == {f"capi-{role}@.service" for role in (*ALL_ROLES, "provision")}


def test_systemd_reads_every_unit_and_has_nothing_to_say(installed: Path) -> None:
    names = [unit.replace("@.", "@1.") for unit in UNITS]
    done = analyze(installed, "verify", "--man=no", *names, "capi.target")
    said = [line for line in done.stderr.splitlines() if "capi" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_a_mistake_in_a_unit_would_be_said(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path / "wrong")
    unit = tmp_path / "wrong/capi-deliver@.service"
    unit.write_text(unit.read_text().replace("ExecStart=", "ExecStarts="))
    assert "ExecStarts" in analyze(tmp_path / "wrong", "verify", "--man=no", "capi-deliver@1.service").stderr


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_is_shut_in(unit: str, installed: Path) -> None:
    instance = unit.replace("@.", "@1.")
    done = analyze(installed, "security", "--offline=true", f"--threshold={WORST}", "--no-pager", instance)
    assert done.returncode == 0, done.stdout + done.stderr


def test_settings_that_units_set_exist_and_no_port_is_given_twice() -> None:
    texts = [path.read_text() for path in [*FOLDER.glob("*.service"), *FOLDER.glob("*.service.d/*.conf")]]
    lines = [line for text in texts for line in text.splitlines() if line.startswith("Environment=")]
    named = dict(re.findall(r"CAPI_([A-Z_]+)=(\S+)", " ".join(lines)))
    assert {name.lower() for name in named} <= set(Settings.model_fields)
    ports = re.findall(r"_PORT=(\d+)%i", " ".join(lines))
    assert len(ports) == len({*ports}) == len(ALL_ROLES) + 1
