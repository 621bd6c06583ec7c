"""CAPI_SECRETS_DIR: settings and secrets as files, as systemd's credentials and Kubernetes' secrets are."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.access.secret import internal_secret
from streams.settings import load_settings
from streams.tenants import TenantsError, read_secret


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAPI_SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("CAPI_RABBITMQ_URL", raising=False)
    return tmp_path


def test_a_setting_is_read_from_its_file_and_the_environment_has_the_last_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "capi_rabbitmq_url").write_text("amqps://shop:secret@mq.example.com/shop\n")
    assert load_settings().rabbitmq_url == "amqps://shop:secret@mq.example.com/shop"
    monkeypatch.setenv("CAPI_RABBITMQ_URL", "amqp://127.0.0.1/")
    assert load_settings().rabbitmq_url == "amqp://127.0.0.1/"


def test_a_relative_path_of_a_secret_is_in_that_folder_and_an_absolute_one_where_it_says(folder: Path) -> None:
    (folder / "meta").write_text("token-1\n")
    assert read_secret("file:meta", "Meta's token") == "token-1"
    assert read_secret(f"file:{folder}/meta", "Meta's token") == "token-1"
    with pytest.raises(TenantsError, match="cannot be read"):
        read_secret("file:tiktok", "TikTok's token")


def test_the_roles_own_secret_is_there_too(folder: Path) -> None:
    (folder / "internal").write_text("0123456789abcdef" * 4)
    assert internal_secret(load_settings(internal_secret="file:internal")) == b"0123456789abcdef" * 4
