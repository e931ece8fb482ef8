"""With EMOCONSENT_REQUIRE_ALL=1 (as in CI) a skipped test is a failed test.

A skip says "not checked here"; in CI there is no elsewhere. The plugin reads the variable from
the configuration's start, so a test cannot switch it off for the tests after it.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

REFUSED = "EMOCONSENT_REQUIRE_ALL is set, so a skip is a failure: "
_required = pytest.StashKey[bool]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the setting once."""
    config.stash[_required] = os.environ.get("EMOCONSENT_REQUIRE_ALL") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped or expected-to-fail test becomes a failed one."""
    report = yield
    return _refused(report) if report.skipped and item.config.stash[_required] else report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself (importorskip) becomes an error in collection."""
    report = yield
    return _refused(report) if report.skipped and collector.config.stash[_required] else report


_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def _refused(report: _Report) -> _Report:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "an expected failure"
    report.outcome = "failed"
    report.longrepr = REFUSED + reason
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    return report
