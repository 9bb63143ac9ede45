"""A training that outlives its Snakemake: the next one waits for it and takes up what it did; nobody trains twice."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from datasets.clip import make_clip, save_clip
from sgif.config import flatten
from sgif.presets import resolve

HOME = Path(__file__).resolve().parents[2]
TINY = {
    "pyramid.short_side": 26, "pyramid.scales": 2, "model.scales_3d": 1, "model.channels": 4, "optim.iterations": 20,
}  # fmt: skip


@pytest.fixture
def start(tmp_path):
    """`start(module, folder, …)` starts a training of one clip; what is left of it ends with the test."""
    save_clip(tmp_path / "a.npz", make_clip(np.random.default_rng(0).integers(0, 256, (4, 26, 30, 3), dtype=np.uint8)))
    config = json.dumps(flatten(resolve("smoke", "singan-gif", TINY)))
    started = []

    def call(module, folder):
        common = ["--method", "singan-gif", "--preset", "smoke", "--seed", "0", "--threads", "1"]
        if module == "workflow.scripts.training":
            own = [tmp_path / folder / "finished.json", "--config", config]
        else:
            keys = [f"{key}={value}" for key, value in TINY.items()]
            own = ["--out", tmp_path / folder, *(part for key in keys for part in ("--set", key))]
        verb = ["train"] if module == "sgif" else []
        command = [sys.executable, "-m", module, *verb, tmp_path / "a.npz", *own, *common]
        environment = {**os.environ, "PYTHONPATH": str(HOME), "OMP_NUM_THREADS": "1"}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def wait_for(condition):
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def weights(folder):
    return {path.name: path.read_bytes() for path in folder.glob("scale_*")}


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["by itself", "killed"])
def test_the_next_one_waits_and_takes_up(start, tmp_path, ends):
    log = tmp_path / "run" / "losses.jsonl"
    orphan = start("workflow.scripts.training", "run")
    wait_for(lambda: log.exists() and log.stat().st_size)
    orphan.send_signal(signal.SIGSTOP)  # so that it cannot end before the others have begun
    refused = start("sgif", "run")
    said = refused.communicate()[1].splitlines()
    assert refused.returncode == 2
    assert f"another process is training here (process {orphan.pid} on " in said[-1]
    assert said[-1].endswith("wait for it or stop it")
    next_one = start("workflow.scripts.training", "run")
    assert f"another process is training here (process {orphan.pid} on " in next_one.stderr.readline()
    trained = [json.loads(line)["iteration"] for line in log.read_text().splitlines()]
    if ends == "killed":
        orphan.kill()
    orphan.send_signal(signal.SIGCONT)
    orphan.communicate()
    said = next_one.communicate()[1]
    assert next_one.returncode == 0 and "the other process has ended; goes on" in said
    assert ("resumes after 2 of 2 scales" in said) == (ends == "by itself")
    assert trained and f"process {next_one.pid} on" in (tmp_path / "run" / ".lock").read_text()
    steps = [(line["scale"], line["iteration"]) for line in map(json.loads, log.read_text().splitlines())]
    assert len(set(steps)) == len(steps) == 2 * 20
    alone = start("workflow.scripts.training", "alone")
    alone.communicate()
    assert weights(tmp_path / "run") == weights(tmp_path / "alone") and len(weights(tmp_path / "run")) == 4
