"""Running the real Snakemake, offline and in a folder of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def snakemake(offline):
    """`snakemake(folder, *arguments)` runs the workflow in `folder`, with neither stage nor cache nor network."""

    def call(folder, *arguments, **variables):
        command = [sys.executable, "-m", "snakemake", "--snakefile", HOME / "Snakefile", "--directory", folder]
        command += ["--cores", "2", *map(str, arguments)]
        environment = offline(folder) | variables
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=280)

    return call


@pytest.fixture(scope="session")
def smoke(snakemake, tmp_path_factory):
    """The smoke protocol, run once."""
    folder = tmp_path_factory.mktemp("smoke")
    done = snakemake(folder, "results/smoke/table1.csv", "results/smoke/index.html", "results/smoke/samples.png")
    assert done.returncode == 0, done.stderr
    return folder / "results" / "smoke", done


@pytest.fixture
def smoke_copy(smoke, tmp_path):
    """The results folder of the smoke protocol in a copy of its own, for tests that add to it."""
    shutil.copytree(smoke[0].parents[1], tmp_path / "copy")
    return tmp_path / "copy" / "results" / "smoke"
