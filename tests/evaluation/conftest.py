"""Keys of studies for tests of this folder and below."""

import pytest

from tests.evaluation.study.keys import make_study_key, write_key_folder


@pytest.fixture
def make_key():
    """Makes keys, see `make_study_key`."""
    return make_study_key


@pytest.fixture
def key_folder(tmp_path):
    """Writes a key and the secret into a folder."""
    return lambda key: write_key_folder(tmp_path / "key", key)
