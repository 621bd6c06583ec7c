"""The end of a process at a point, and the register of points."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Method = Callable[..., Awaitable[Any]]
Install = Callable[["Death"], None]
POINTS: dict[str, Install] = {}


class Death:
    """Call it whenever the point is reached: at the `calls`-th time the process is gone, `mark` says where."""

    def __init__(self, point: str, calls: int, mark: Path) -> None:
        self._point, self._left, self._mark = point, calls, mark

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._mark.write_text(self._point, encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def point(name: str) -> Callable[[Install], Install]:
    """Registers what puts a death at a step."""

    def register(install: Install) -> Install:
        if name in POINTS:
            raise ValueError(f"two points are named {name}")
        POINTS[name] = install
        return install

    return register


def replace(owner: Any, name: str, make: Callable[[Method], Method]) -> None:
    """`owner.name` becomes what `make` makes of it."""
    setattr(owner, name, make(getattr(owner, name)))


def die_after(owner: Any, name: str, death: Death, counts: Callable[..., bool] = lambda *_: True) -> None:
    """Each return of `owner.name` whose result and arguments (without `self`) `counts` is a call of the point."""

    def make(original: Method) -> Method:
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            result = await original(*args, **kwargs)
            if counts(result, *args[1:]):
                death()
            return result

        return wrapped

    replace(owner, name, make)


def die_before(owner: Any, name: str, death: Death) -> None:
    """Each call of the asynchronous `owner.name` is a call of the point."""

    def make(original: Method) -> Method:
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            death()
            return await original(*args, **kwargs)

        return wrapped

    replace(owner, name, make)
