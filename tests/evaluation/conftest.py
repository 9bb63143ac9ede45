"""A browser, and keys of studies, for tests of this folder and below."""

import shutil

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


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window, by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("there is no Chromium to look with")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()
