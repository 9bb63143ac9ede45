"""The smoke protocol on a real SLURM with stand-ins for GPUs, through both profiles: `make test-slurm`."""

import os
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.slurm.usage import LOGS, shared, together, usages

HOME = Path(__file__).resolve().parents[2]
ROOT = Path("results", "smoke")
# The second scale is long enough to be cancelled in.
CONFIG = ["--config", "methods=singan-gif,singan-frames,copy", "seeds=0,1", 'training={"optim.iterations": [8, 50, 8]}']
TRAININGS = 4
LOCAL = {"clip", "encoder", "cells", "table1"}
SUBMITTED = {"train", "samples_smoke", "reference", "metrics", "floor"}


def on_slurm(test):
    """Marks of a test that needs the cluster; it skips, with the reason, where there can be none."""
    for mark in (pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(1800)):
        test = mark(test)
    return test


def leave_log(folder, name, gpu, begin, end):
    path = folder / LOGS / f"train-{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"  Date: {datetime.fromtimestamp(begin):%Y-%m-%d %H:%M:%S}\nwaterfall seed 0: GPU {gpu} is given\n"
    )
    os.utime(path, (end, end))


def test_two_jobs_on_one_gpu_at_a_time_are_noticed(tmp_path):
    leave_log(tmp_path, "1", "0", 100, 120)
    leave_log(tmp_path, "2", "1", 105, 125)
    leave_log(tmp_path, "3", "0", 120, 130)
    found = usages(tmp_path)
    assert [each.job for each in found] == ["1", "2", "3"] and not shared(found)
    assert [(a.job, b.job) for a, b in together(found)] == [("1", "2"), ("2", "3")]
    leave_log(tmp_path, "4", "1", 110, 112)
    assert [(a.job, b.job) for a, b in shared(usages(tmp_path))] == [("2", "4")]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, offline):
    """Results of the same protocol without a cluster."""
    folder = tmp_path_factory.mktemp("undisturbed")
    command = [sys.executable, "-m", "snakemake", "--snakefile", HOME / "Snakefile", "--directory", folder]
    command += ["--cores", "2", ROOT / "table1.csv", *CONFIG]
    done = subprocess.run(
        list(map(str, command)), env=offline(folder), capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return folder / ROOT


def slurm_job(folder, method, seed):
    """Number of the SLURM job that trains this, by the log it writes."""
    for path in (folder / LOGS).rglob("*.log"):
        if f"{method} seed {seed}: scale 1/3 done" in path.read_text():
            return path.stem.removeprefix("train-")
    return None


@on_slurm
@pytest.mark.parametrize("profile", ["slurm", "slurm-generic"])
def test_cancelled_trainings_resume_no_gpu_is_shared_and_the_bytes_are_the_same(
    profile, submit, undisturbed, compare_results, tmp_path
):
    began = time.monotonic()
    running = submit(profile, *CONFIG, "gpu=1", "--", ROOT / "table1.csv")
    train_logs = tmp_path / ROOT / "logs" / "train" / "waterfall"
    job = running.wait_for(lambda: slurm_job(tmp_path, "singan-gif", 0))
    assert not (tmp_path / ROOT / "runs" / "waterfall" / "singan-gif" / "0" / "finished.json").exists()
    subprocess.run(["scancel", job], check=True)
    said = running.finish()
    print(f"{profile}: {time.monotonic() - began:.0f} s with one training cancelled")

    assert f"Using workflow specific profile {HOME / 'profiles' / profile}" in said
    rules = re.findall(r"^(localrule|rule) (\w+):$", said, re.MULTILINE)
    assert {name for kind, name in rules if kind == "localrule"} == LOCAL
    assert {name for kind, name in rules if kind == "rule"} == SUBMITTED

    assert "Trying to restart job" in said
    assert "resumes after 1 of 3 scales" in (train_logs / "singan-gif" / "0.log").read_text()
    assert "resumes" not in (train_logs / "singan-gif" / "1.log").read_text()
    compare_results(tmp_path / ROOT, undisturbed)

    found = usages(tmp_path)
    print(*found, sep="\n")
    # One for each training, and one for the attempt that was cancelled.
    assert len(found) == TRAININGS + 1 and job in {each.job for each in found}
    assert {each.gpu for each in found} == {"0", "1"}
    assert together(found), "no two trainings ran at the same time, so that none shared a GPU proves nothing"
    assert not shared(found)


@on_slurm
def test_trainings_as_one_array_as_the_profile_describes_it(submit, undisturbed, tmp_path):
    runs = [Path("runs", "waterfall", "singan-gif", seed, "finished.json") for seed in "01"]
    arrays = ["--slurm-array-jobs", "train", "--set-resources", "train:mem_mb=2000", "train:runtime=60"]
    said = submit("slurm", *arrays, *CONFIG, "gpu=1", "--", *(ROOT / run for run in runs)).finish()
    assert re.search(r"Submitted array job .* The individual task IDs are 1-2\.", said)
    for run in runs:
        assert (tmp_path / ROOT / run).read_bytes() == (undisturbed / run).read_bytes()
    found = usages(tmp_path)
    assert len(found) == 2 and not shared(found)
