"""A third platform is one new file: with it alone, events go from the tenants file to its server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sinks.platforms import PLATFORM_RULES, check_known
from streams.tenants import TenantsError, parse_tenants

ROOT = Path(__file__).parents[2]
TOY = '[tenants.a]\n[[tenants.a.destinations]]\nplatform = "toy"\npixel_id = "1"\ntoken = "env:X"\n'


@pytest.mark.stack
def test_one_file_makes_a_platform(tmp_path: Path) -> None:
    copy = tmp_path / "packages"
    shutil.copytree(ROOT / "sinks", copy / "sinks", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("streams", "agents", "deploy", "tests"):
        (copy / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "tests/contract/toy_platform.py", copy / "sinks/platforms/toy.py")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.contract.third_platform", str(tmp_path)],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["queues"] == ["meta_queue", "tiktok_queue", "toy_queue"]
    assert seen["keys"] == ["toy.purchase"]
    (request,) = seen["taken"]
    assert (request["path"], request["token"]) == ("/toy/77", True)
    assert [event["name"] for event in request["events"]] == ["purchase"]


def test_a_platform_without_a_file_is_refused_by_name() -> None:
    assert set(PLATFORM_RULES) == {"meta", "tiktok"}
    with pytest.raises(TenantsError, match="platform toy is not known here; known are meta, tiktok"):
        check_known(parse_tenants(TOY))
