"""What tests of training runs share."""

import pytest

from slr.dataset.dataset import Dataset
from tests.helpers import landmark_corpus


@pytest.fixture(scope="package")
def corpus(tmp_path_factory) -> Dataset:
    """A tiny corpus whose signs can be learned; tests only read it."""
    return landmark_corpus.make(tmp_path_factory.mktemp("corpus"))
