"""What tests of training runs share."""

import pytest

from tests.helpers import landmark_corpus


@pytest.fixture(scope="package")
def corpus(tmp_path_factory) -> landmark_corpus.Corpus:
    """A tiny corpus whose signs can be learned; tests only read it."""
    return landmark_corpus.make(tmp_path_factory.mktemp("corpus"))
