"""A cluster for the tests of this folder, and Snakemake on it."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
CLUSTER = Path(__file__).with_name("cluster.py")
SECONDS = 900
"""How long one run may take on the cluster, on a machine that has other work too."""


@pytest.fixture(scope="session")
def cluster():
    """A running SLURM with two stand-ins for GPUs."""
    call = [sys.executable, CLUSTER]
    reason = subprocess.run([*call, "missing"], capture_output=True, text=True, check=True).stdout.strip()
    if reason:
        pytest.skip(reason)
    # Not pytest's own folder: the path of a socket may have 107 characters.
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        started = subprocess.run([*call, "start", folder], capture_output=True, text=True, check=False)
        assert started.returncode == 0, started.stderr
        yield
        subprocess.run([*call, "stop", folder], check=True)


class Running:
    """A Snakemake that submits to the cluster."""

    def __init__(self, folder, profile, *arguments, environment):
        self.folder, self.log = folder, folder / "snakemake.log"
        command = [sys.executable, "-m", "snakemake", "--snakefile", HOME / "Snakefile", "--directory", folder]
        # A test has no time for the pauses of a real cluster; everything else is as the profile says.
        pauses = {
            "slurm": ["--slurm-init-seconds-before-status-checks", "5", "--slurm-keep-successful-logs"],
            "slurm-generic": ["--seconds-between-status-checks", "2"],
        }[profile]
        command += ["--workflow-profile", HOME / "profiles" / profile, *pauses, *arguments]
        self.end = time.monotonic() + SECONDS
        with self.log.open("w") as log:
            self.process = subprocess.Popen(list(map(str, command)), env=environment, stdout=log, stderr=log)

    def wait_for(self, condition):
        """Wait until `condition()` is true; it must become so before Snakemake ends."""
        while not (found := condition()):
            assert self.process.poll() is None and time.monotonic() < self.end, self.log.read_text()
            time.sleep(0.2)
        return found

    def finish(self):
        """Wait for the end, which must be a good one; returns what was said."""
        status = self.process.wait(timeout=max(1, self.end - time.monotonic()))
        text = self.log.read_text()
        assert status == 0, text
        return text


@pytest.fixture
def submit(cluster, offline, tmp_path):
    """`submit(profile, *arguments)` starts Snakemake with a profile in a folder of its own."""
    started = []

    def call(profile, *arguments):
        started.append(Running(tmp_path, profile, *arguments, environment=offline(tmp_path)))
        return started[-1]

    yield call
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(timeout=60)
