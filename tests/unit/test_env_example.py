"""deploy/env.example tells the truth about every setting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from deploy.stack.env_example import render
from deploy.stack.settings import StackSettings, load_stack_settings
from streams.settings import Settings, load_settings

FILE = Path(__file__).parents[2] / "deploy/env.example"
ENTRY = re.compile(r"((?:^# .+\n)+)^#([A-Z_]+)=(.*)$", re.MULTILINE)
CLASSES: list[tuple[type[BaseSettings], str]] = [(Settings, "CAPI_"), (StackSettings, "CAPI_STACK_")]


def _entries() -> dict[str, tuple[str, str]]:
    """Name -> (sentence, default), read without the code that wrote them."""
    found = ENTRY.findall(FILE.read_text())
    return {name: (" ".join(text.replace("# ", "").split()), value) for text, name, value in found}


def _described(settings: type[BaseSettings], prefix: str) -> dict[str, str]:
    return {prefix + name.upper(): field.description or "" for name, field in settings.model_fields.items()}


def test_the_file_is_what_the_settings_say() -> None:
    assert FILE.read_text() == render(), "run `make env`"


def test_every_setting_is_there_with_its_sentence() -> None:
    expected = {name: text for pair in CLASSES for name, text in _described(*pair).items()}
    assert {name: sentence for name, (sentence, _) in _entries().items()} == expected


def test_every_setting_has_a_sentence() -> None:
    for sentence, _ in _entries().values():
        assert sentence.endswith(".") and len(sentence.split()) > 2


def test_the_defaults_read_back_as_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, plain_stack = _clean(monkeypatch)
    for name, (_, value) in _entries().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == plain
    assert load_stack_settings() == plain_stack


def _clean(monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, StackSettings]:
    for name in _entries():
        monkeypatch.delenv(name, raising=False)
    return load_settings(), load_stack_settings()
