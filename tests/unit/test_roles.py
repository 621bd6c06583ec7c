"""Roles to processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.roles import ROLES, RolesError, parse_counts, parse_roles, usual_roles, workers
from agents.supervisor import Pace
from streams.settings import load_settings

SETTINGS = load_settings(partitions=4, web_port=7000, metrics_port=7100, state_dir=Path("state"))


def test_roles_keep_the_order_of_the_flow() -> None:
    assert parse_roles(" deliver,ingest ", ROLES) == ["ingest", "deliver"]


def test_a_plus_adds_to_the_usual_roles() -> None:
    assert parse_roles("", ROLES) == [*ROLES]
    assert parse_roles("+intake", ROLES) == [*ROLES, "intake"]


@pytest.mark.parametrize("text", [",", "ingest,nonsense", "+nonsense"])
def test_unknown_roles_are_refused(text: str) -> None:
    with pytest.raises(
        RolesError, match="roles are ingest, sessions, visitors, dispatch, deliver, ledger, collect, intake"
    ):
        parse_roles(text, ROLES)


@pytest.mark.parametrize("text", ["sessions", "sessions=0", "sessions=x", "nonsense=1", "sessions=5"])
def test_counts_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(RolesError):
        parse_counts([text], SETTINGS)


def test_the_http_door_is_run_where_somebody_has_a_key(tmp_path: Path) -> None:
    file = tmp_path / "tenants.toml"
    file.write_text("[tenants.shop]\n")
    assert usual_roles(load_settings(tenants=file)) == [*ROLES, "ledger"]
    file.write_text('[tenants.shop]\n[[tenants.shop.keys]]\nkind = "secret"\nid = "sk_a"\nsecrets = ["env:A"]\n')
    assert usual_roles(load_settings(tenants=file)) == [*ROLES, "ledger", "collect"]


def test_each_process_has_its_own_port_and_folder() -> None:
    made = workers(SETTINGS, ["ingest", "sessions", "deliver"], {"sessions": 2})
    assert [worker.name for worker in made] == ["ingest", "sessions-1", "sessions-2", "deliver"]
    assert [worker.env["CAPI_WEB_PORT"] for worker in made] == ["7000", "7000", "7001", "7000"]
    assert [worker.env["CAPI_METRICS_PORT"] for worker in made] == ["7100", "7101", "7102", "7103"]
    assert len({worker.env["CAPI_STATE_DIR"] for worker in made}) == 4


def test_port_zero_turns_the_web_views_off() -> None:
    [made] = workers(SETTINGS.model_copy(update={"web_port": 0}), ["ingest"], {})
    assert made.env["CAPI_WEB_PORT"] == "0"
    assert "--without-web" in made.argv


def test_delays_double_up_to_the_longest_and_start_anew_after_a_healthy_run() -> None:
    pace = Pace(first_delay_s=1, longest_delay_s=5, healthy_after_s=60)
    delays, last_s = [], 0.0
    for ran_s in (0.1, 0.1, 0.1, 0.1, 0.1, 61, 0.1):
        last_s = pace.next_delay_s(last_s, ran_s)
        delays.append(last_s)
    assert delays == [1, 2, 4, 5, 5, 1, 2]
