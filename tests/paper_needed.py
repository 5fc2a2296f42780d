"""A pytest plugin: tests marked ``paper`` are skipped where the paper's data are not.

``FORWHOM_REQUIRE_PAPER_DATA=1`` says that the data must be there, as in CI: then a test marked
``paper`` that is skipped, for whatever reason, is an error, and so is a run in which none passed.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from tests import paper
from tests.studies import PAPER, TWIN

STUDIES = [
    pytest.param(TWIN, id="twin"),
    pytest.param(PAPER, id="paper", marks=pytest.mark.paper),
]
REQUIRED = os.environ.get("FORWHOM_REQUIRE_PAPER_DATA", "") not in ("", "0")
_passed = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_passed] = []
    config.pluginmanager.register(_Count(config), "paper_count")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("paper") and (reason := paper.absent()):
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and item.get_closest_marker("paper"):
        why = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"FORWHOM_REQUIRE_PAPER_DATA is set, and this was not run. {why}"
    return report


class _Count:
    """The tests marked ``paper`` that passed, where the reports of every process come together."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed and "paper" in report.keywords:
            self._config.stash[_passed].append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        here = not hasattr(self._config, "workerinput")  # not in a worker, which sees a part
        if REQUIRED and here and not self._config.stash[_passed]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        count = len(self._config.stash[_passed])
        if REQUIRED and not count:
            terminalreporter.write_line(
                "FORWHOM_REQUIRE_PAPER_DATA is set, and no test on the paper's data passed.",
                red=True,
            )
        elif count:
            terminalreporter.write_line(f"{count} tests on the paper's data passed.")
