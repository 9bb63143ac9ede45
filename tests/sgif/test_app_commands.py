"""`python -m sgif compose`, `animate` and `superres`: what they write and refuse."""

import numpy as np
import pytest

from datasets.cli import run as run_command
from datasets.clip import load_clip
from datasets.decode import read_video
from datasets.encode import write_gif, write_png
from sgif.__main__ import main
from sgif.config import override
from sgif.run import train


@pytest.fixture
def folder(clip, config, tmp_path):
    config = override(config, {"optim.iterations": 1, "pyramid.coarsest_side": 13})
    train(clip, config, tmp_path / "run", method="singan-gif", preset="smoke")
    return tmp_path


def call(command, folder, *options):
    return run_command(
        main,
        [command, str(folder / "run"), "--out", str(folder / "out"), "--device", "cpu", "--threads", "1", *options],
    )


def test_compose_writes_clips_and_the_edit(folder, clip):
    assert call("compose", folder, "--shift", "9", "--margin", "3", "--num", "2", "--passes", "1") == 0
    edited = np.roll(clip.frames, -9, axis=2)
    assert read_video(folder / "out" / "edited.gif").frames.shape == edited.shape
    for index in range(2):
        assert np.array_equal(load_clip(folder / "out" / f"{index}.npz").frames[:, :, :18], edited[:, :, :18])


def test_compose_takes_a_clip_and_a_mask(folder, clip):
    write_gif(folder / "edited.gif", clip)
    mask = np.zeros((26, 30, 3), np.uint8)
    mask[4:9, 5:12] = 255
    write_png(folder / "mask.png", mask)
    assert call("compose", folder, "--edited", str(folder / "edited.gif"), "--mask", str(folder / "mask.png")) == 0
    made, edited = load_clip(folder / "out" / "0.npz").frames, read_video(folder / "edited.gif").frames
    assert np.array_equal(made[:, mask[..., 0] == 0], edited[:, mask[..., 0] == 0])


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--paste", "1,2"], "--paste, --size and --at: one needs the others"),
        (["--shift", "3", "--mask", "mask.png"], "--edited and --mask: one needs the other"),
        (["--shift", "30"], "--shift 30: must lie between 1 and 29"),
    ],
)
def test_compose_refuses_what_does_not_go_together(folder, capsys, options, part):
    assert call("compose", folder, *options) == 2
    assert part in capsys.readouterr().err and not (folder / "out").exists()


def test_animate_reads_a_jpeg(folder):
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(folder / "a.jpg")
    assert call("animate", folder, "--image", str(folder / "a.jpg"), "--frames", "3") == 0
    assert load_clip(folder / "out" / "0.npz").frames.shape == (3, 26, 30, 3)


def test_superres_refuses_a_run_for_samples_and_says_what_to_train(folder, capsys):
    assert call("superres", folder) == 2
    assert "train CLIP --task superres" in capsys.readouterr().err
