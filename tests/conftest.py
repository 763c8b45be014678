import os

import pytest
from hypothesis import settings

# The abstract cases hold the asserts of many tests: their failures should explain themselves too.
pytest.register_assert_rewrite("tests.contracts")

# No deadline: a shared machine's hiccup is no defect. In CI the same examples every time, so that
# a change fails for what it changed.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
