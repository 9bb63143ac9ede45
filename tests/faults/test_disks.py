"""Disks that are full or read-only: one line, exit status 2, nothing half written, and on it goes when there is space.

As root on file systems mounted for the test; otherwise a full one is missing, and a read-only one is a folder's mode.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets.clip import load_clip, make_clip, save_clip
from datasets.files import sha256_of

HOME = Path(__file__).resolve().parents[2]
KEYS = ("pyramid.short_side=26", "pyramid.scales=2", "model.scales_3d=1", "model.channels=4", "optim.iterations=3")


def mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """`disk(kilobytes)` is a small file system of its own; called again, it gets another size."""
    if os.geteuid() or not sys.platform.startswith("linux"):
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()

    def of(kilobytes):
        mount(
            *(
                ["-o", f"remount,size={kilobytes}k"]
                if folder.is_mount()
                else ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs"]
            ),
            folder,
        )
        return folder

    yield of
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def clip(tmp_path):
    """A clip file, outside of the disk."""
    save_clip(tmp_path / "a.npz", make_clip(np.random.default_rng(0).integers(0, 256, (4, 26, 30, 3), dtype=np.uint8)))
    return tmp_path / "a.npz"


def call(*arguments):
    environment = {"PYTHONPATH": str(HOME), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env=environment, capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip


def train(clip, out):
    options = [part for key in KEYS for part in ("--set", key)]
    return call("sgif", "train", clip, "--out", out, "--preset", "smoke", "--threads", "1", *options)


def weights(folder):
    return {path.name: sha256_of(path) for path in folder.glob("scale_*")}


def error_of(done):
    """The last line, which must be the error; whatever else is said is progress."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    return last


@pytest.mark.slow
def test_a_training_on_a_full_disk_says_so_and_goes_on_when_there_is_space(disk, clip, tmp_path):
    folder = disk(200) / "run"
    assert "the disk is full; free some space and run the same command again" in error_of(train(clip, folder))
    assert [path for path in folder.rglob("*") if ".part" in path.name] == []
    assert load_clip(folder / "clip.npz").sha256 == load_clip(clip).sha256
    assert not (folder / "finished.json").exists()
    disk(20_000)
    assert train(clip, folder).returncode == 0
    assert train(clip, tmp_path / "elsewhere").returncode == 0
    assert weights(folder) == weights(tmp_path / "elsewhere") and len(weights(folder)) == 4


@pytest.mark.slow
@pytest.mark.parametrize("full", [True, False])
def test_samples_on_a_disk_that_fills_up_are_whole_or_not_there(disk, tmp_path, full):
    frames = np.random.default_rng(0).integers(0, 256, (8, 60, 80, 3), dtype=np.uint8)  # 115 kB a sample
    save_clip(tmp_path / "b.npz", make_clip(frames))
    folder = disk(300 if full else 20_000)
    done = call(
        "workflow.scripts.samples", tmp_path / "b.npz", "shuffle-frames", "--seed", 0, "--num", 3, "--out", folder
    )
    there = sorted(folder.glob("*.npz"))
    assert all(load_clip(path).frames.shape == frames.shape for path in there)
    assert not [path for path in folder.iterdir() if ".part" in path.name]
    if full:
        assert "disk is full" in error_of(done) and 0 < len(there) < 3
    else:
        assert (done.returncode, len(there)) == (0, 3)


@pytest.fixture
def read_only(tmp_path):
    """A folder that is there and cannot be written to."""
    folder = tmp_path / "results"
    folder.mkdir()
    if os.geteuid():
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_read_only_folder_is_one_line(read_only, clip):
    reason = r"Permission denied|permission denied|Read-only file system|the file system is read-only"
    for done in (
        train(clip, read_only / "run"),
        call("workflow.scripts.samples", clip, "copy", "--seed", 0, "--num", 1, "--out", read_only / "samples"),
        call("datasets", "render", "clouds", "--size", "30x40", "--frames", 2, "--out", read_only),
    ):
        assert re.search(reason, error_of(done))
    assert list(read_only.iterdir()) == []


@pytest.mark.slow
def test_the_workflow_stops_before_its_first_job_on_a_read_only_results_folder(read_only, offline):
    command = [sys.executable, "-m", "snakemake", "--snakefile", HOME / "Snakefile", "--directory", read_only.parent]
    done = subprocess.run(
        [*command, "--cores", "1", "results/smoke/clips/waterfall.npz"],
        env=offline(read_only.parent), capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 2
    assert "error: results/smoke: cannot be written: " in done.stderr and "Traceback" not in done.stderr


def test_weights_on_a_full_disk_are_one_line(disk):
    done = call("workflow.scripts.encoders", "random-inception", disk(100) / "e.safetensors")
    assert "the disk is full" in error_of(done) and list(disk(100).iterdir()) == []
