"""How all tests run, and which fixtures they share."""

import os

import hypothesis
import pytest

# Before torch is loaded: each test process, and each process that it starts, computes on one thread. Several processes
# of several threads on the same cores slow each other down many times over.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest.register_assert_rewrite("tests.helpers")
pytest_plugins = ["tests.fixtures.corpora", "tests.fixtures.models", "tests.fixtures.project"]

# The same examples in every run. A slow machine is no failure.
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)
hypothesis.settings.load_profile("tests")
