"""Analogies: traits that know no colours, a clip that is its own analogy, and what is refused."""

import numpy as np
import pytest
import torch

from datasets.clip import load_clip, make_clip, save_clip
from datasets.errors import InputError
from sgif.__main__ import main
from sgif.apps.analogy import analogy, traits
from sgif.config import override
from sgif.frames import resize, to_frames, to_tensor
from sgif.motion import speeds
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.run import train

SIZE = (32, 44)


def moving(seed, frames=4, step=1):
    """A smooth scene that is pushed sideways by `step` pixels a frame, uint8 [T, H, W, 3]."""
    height, width = SIZE
    wide = resize(
        torch.rand(1, 3, height // 4, (width + 40) // 4, generator=seeded(seed)) * 2 - 1, (height, width + 40)
    )
    return to_frames(torch.cat([wide[..., 20 + step * t : 20 + step * t + width] for t in range(frames)]))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = override(resolve("smoke", "patch-nn"), {"nearest.layout_side": 24})
    clip = make_clip(moving(0), id="own")
    return train(clip, config, tmp_path_factory.mktemp("nn") / "run", method="patch-nn", preset="smoke")


@pytest.mark.parametrize("step", [1, 2])
def test_speed_is_the_shift(step):
    assert np.median(speeds(moving(1, step=step))[:, 8:-8, 8:-8]) == pytest.approx(step, rel=0.15)


def test_traits_do_not_see_colours_or_contrast():
    video = to_tensor(moving(2))
    found = traits(video)
    assert found.shape == (4, 2, *SIZE) and found.abs().max() <= 1
    grey = video.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(traits(grey * 0.5)[:, 0], found[:, 0], atol=0.05, rtol=0)


def test_a_clip_is_its_own_analogy(run):
    made = analogy(run, run.clip, 0)
    difference = np.abs(made.frames.astype(float) - run.clip.frames).mean()
    shuffled = np.abs(run.clip.frames[:, ::-1].astype(float) - run.clip.frames).mean()
    assert difference < 0.35 * shuffled


def test_an_analogy_has_the_length_and_shape_of_the_layout_and_the_colours_of_the_run(run):
    other = make_clip(moving(3, 6)[:, :, ::2], id="other")  # 32x22
    first = analogy(run, other, 1)
    assert len(first) == 6 and first.size == (round(32 * 32 / 22), 32)
    assert first.sha256 == analogy(run, other, 1).sha256
    own, made = run.clip.frames.reshape(-1, 3).astype(float), first.frames.reshape(-1, 3).astype(float)
    assert (made.min(0) >= own.min(0) - 1).all() and (made.max(0) <= own.max(0) + 1).all()


def test_the_command_writes_it_and_a_run_of_another_method_is_refused(run, tmp_path):
    save_clip(tmp_path / "other.npz", make_clip(moving(4), id="other"))
    main(["analogy", str(run.folder), "--layout", str(tmp_path / "other.npz"), "--out", str(tmp_path / "out")])
    assert load_clip(tmp_path / "out" / "0.npz").size == SIZE and (tmp_path / "out" / "0.gif").exists()
    config = override(resolve("smoke", "singan-gif"), {"optim.iterations": 1, "model.channels": 4})
    trained = train(run.clip, config, tmp_path / "gan", method="singan-gif", preset="smoke")
    with pytest.raises(InputError, match="a run of singan-gif, analogies need patch-nn"):
        analogy(trained, run.clip, 0)
    with pytest.raises(InputError, match="has 2 frames, a patch 3"):
        analogy(run, make_clip(moving(5, 2), id="two"), 0)
