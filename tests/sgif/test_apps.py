"""Applications that need no training of their own: other sizes, other lengths."""

import pytest
import torch

from datasets.cli import run as run_command
from datasets.clip import load_clip
from sgif.__main__ import main
from sgif.apps import lengthen, sizes
from sgif.run import load_run, train


@pytest.fixture
def run(clip, config, tmp_path):
    train(clip, config, tmp_path / "run", method="singan-gif", preset="smoke")
    return load_run(tmp_path / "run")


def test_sizes_are_those_of_their_names(run):
    made = dict(sizes.gallery(run, 0))
    assert {"0.5x0.5", "0.5x1", "1x0.5", "1x1", "1x1.5", "1x2", "2x1", "1.5x1", "1.5x1.5", "2x2"} == set(made)
    for name, clip in made.items():
        height, width = map(float, name.split("x"))
        assert clip.size == (round(26 * height), round(30 * width)) and len(clip) == len(run.clip)
    assert len({clip.sha256 for clip in made.values()}) == len(made)


def test_lengths_are_multiples_of_the_clips(run):
    made = dict(lengthen.gallery(run, 0))
    assert list(made) == ["10-0", "10-1", "20-0", "20-1"]
    assert all(len(clip) == int(name.split("-")[0]) and clip.size == run.clip.size for name, clip in made.items())
    again = lengthen.lengthened(run, 0, 1, 20)
    assert again.sha256 == made["20-1"].sha256
    # Delays go round and round with the clip's.
    assert again.delays_ms.tolist() == [100, 100, 200, 100, 50] * 4


@pytest.mark.parametrize(("options", "frames"), [([], 20), (["--frames", "7"], 7)])
def test_the_command_lengthens(run, tmp_path, options, frames):
    threads = ["--threads", str(torch.get_num_threads()), "--device", "cpu"]
    out = tmp_path / "long"
    assert run_command(main, ["lengthen", str(run.folder), "--out", str(out), "--num", "2", *options, *threads]) == 0
    assert [len(load_clip(out / f"{index}.npz")) for index in range(2)] == [frames, frames]
