"""Workflows that are disturbed; whatever is left of one is killed when its test ends."""

import importlib.util
import sys
from pathlib import Path

import pytest


def _load(name):
    """A module beside this file: tests are no package, so it cannot simply be imported."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def chaos():
    """The module `chaos`."""
    return _load("chaos")


@pytest.fixture
def workflow(chaos, tmp_path, offline):
    """`workflow(name, iterations)`: the smoke protocol in a folder of its own."""
    made = []

    def make(name, iterations):
        made.append(chaos.Workflow(tmp_path / name, offline(tmp_path), iterations))
        return made[-1]

    yield make
    for each in made:
        each.kill_everything()
