"""In CI a test that did not really run is a failure. What a test makes of the logs ends with it."""

from __future__ import annotations

import os
from collections.abc import Iterator

# Its plugin imports it only in the summary. By then a coroutine may be collected while CPython < 3.11.8 compiles,
# which ends in "AST constructor recursion depth mismatch" (python/cpython#106905).
import hypothesis  # noqa: F401
import pytest
import structlog

NOT_RUN = ("skipped", "xfailed", "xpassed")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that a test runs sends lines to the stderr of that moment, which is closed afterwards."""
    yield
    structlog.reset_defaults()


def _not_run(session: pytest.Session) -> list[str]:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter else {}
    return [report.nodeid for kind in NOT_RUN for report in stats.get(kind, [])]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With CI=true any skipped or expected failure makes the run fail; pytest -ra lists them."""
    if os.environ.get("CI") == "true" and exitstatus == pytest.ExitCode.OK and _not_run(session):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
