"""deploy/env.example, written from the settings themselves: name, default and sentence of each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deploy.stack.settings import StackSettings
from streams.settings import Settings

HEAD = """\
# Every setting, with its default. Copy the lines that you change into the environment of the roles,
# or into a file that your service manager reads. Written by `make env`; a test keeps it true.
"""


def _shown(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | frozenset):
        parts = map(str, value)
        return ",".join(parts if isinstance(value, tuple) else sorted(parts))
    return value.as_posix() if isinstance(value, Path) else str(value)


def _entries(settings: type[BaseSettings], prefix: str) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        sentence = textwrap.fill(field.description or "", 100, initial_indent="# ", subsequent_indent="# ")
        yield f"{sentence}\n#{prefix}{name.upper()}={_shown(field)}\n"


def render() -> str:
    """The whole text of deploy/env.example: the groups of the roles' settings, then those of the local stack."""
    parts = [HEAD]
    for group in reversed(Settings.__bases__):
        parts += [f"# --- {(group.__doc__ or '').rstrip('.')}\n", *_entries(group, "CAPI_")]
    parts += ["# --- The local stack (make up)\n", *_entries(StackSettings, "CAPI_STACK_")]
    return "\n".join(parts)
