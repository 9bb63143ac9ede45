"""The script of rule `train`: resumes its own run, starts over on another's or on a damaged one, and says so."""

import json

import numpy as np
import pytest

from datasets.clip import make_clip, save_clip
from sgif.config import flatten, override
from sgif.presets import resolve
from workflow.scripts.training import train_run

TINY = {
    "pyramid.short_side": 26, "pyramid.scales": 2, "model.scales_3d": 1, "model.channels": 4, "optim.iterations": 2,
}  # fmt: skip


@pytest.fixture
def start(tmp_path):
    """`start(**keys)` trains into one folder and returns the weights in it."""
    frames = np.random.default_rng(0).integers(0, 256, (4, 26, 30, 3), dtype=np.uint8)
    save_clip(tmp_path / "a.npz", make_clip(frames))
    folder = tmp_path / "run"

    def call(**keys):
        config = flatten(override(resolve("smoke", "singan-gif", TINY), keys))
        train_run(tmp_path / "a.npz", folder, "singan-gif", "smoke", 0, config, threads=1)
        assert json.loads((folder / "finished.json").read_text())["scales"][1]["index"] == 1
        return {path.name: path.read_bytes() for path in folder.glob("scale_*")}

    call.folder = folder
    return call


def test_its_own_run_is_taken_up(start, capsys):
    first = start()
    (start.folder / "finished.json").unlink()
    assert start() == first
    assert "resumes after 2 of 2 scales" in capsys.readouterr().err


def test_another_training_in_the_folder_is_replaced_and_the_log_says_so(start, capsys):
    first = start()
    assert start(**{"losses.colour": 1}) != first
    assert "holds a training with losses.colour=2.0, not 1.0; starts over" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["scale_00.safetensors", "scale_01.safetensors", "scale_01.json", "config.json"])
def test_a_damaged_file_is_named_and_trained_again_to_the_same_bytes(start, capsys, name):
    first = start()
    damaged = start.folder / name
    damaged.write_bytes(damaged.read_bytes()[:-9] + b"\0" * 9)
    assert start() == first
    said = capsys.readouterr().err
    assert "starts over" in said and (name in said or "damaged config" in said)
