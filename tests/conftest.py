import inspect
import os
import re
from collections.abc import Generator

import pytest
from hypothesis import settings

# The abstract cases hold the asserts of many tests: their failures should explain themselves too.
pytest.register_assert_rewrite("tests.contracts")

# No deadline: a shared machine's hiccup is no defect. In CI the same examples every time, so that
# a change fails for what it changed.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_pycollect_makeitem(name: str, obj: object) -> None:
    """No tests are passed over for a class that has not all that its cases ask for, as pytest would do in silence."""
    if name.startswith("Test") and inspect.isabstract(obj):
        raise pytest.UsageError(f"{name} is abstract: its tests would not run.")


_KEY = re.compile(r"phx_[2-9A-HJ-NP-Za-km-z]{40,}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """No test passes whose captured output or logs show a personal API key."""
    report = yield
    if report.passed and any(_KEY.search(text) for _, text in report.sections):
        report.outcome = "failed"
        report.longrepr = "A personal API key is in what was logged."
    return report
