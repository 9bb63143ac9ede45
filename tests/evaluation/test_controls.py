"""Controls: same shape, same seed same bytes, and what each of them keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.clip import make_clip
from datasets.errors import InputError
from evaluation.controls import CONTROLS, make_control


def clip_of(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)
    frames[:, 0, 0, 0] = np.arange(count)
    return make_clip(frames, np.arange(count) * 10 + 20, kind="synthetic")


@pytest.mark.parametrize("name", CONTROLS)
@given(count=st.integers(1, 9), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=30)
def test_same_seed_same_bytes_and_the_clips_shape(name, count, seed):
    clip = clip_of(count)
    before = clip.sha256
    control = make_control(name, clip, seed)
    assert control.frames.shape == clip.frames.shape and np.array_equal(control.delays_ms, clip.delays_ms)
    assert control.sha256 == make_control(name, clip, seed).sha256
    assert control.source == {"kind": "generated", "method": name, "seed": seed, "index": 0, "clip_sha256": before}
    assert not np.shares_memory(control.frames, clip.frames) and clip_of(count).sha256 == before


@given(count=st.integers(2, 9), seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_what_each_keeps(count, seed):
    clip = clip_of(count)
    numbers = {name: list(make_control(name, clip, seed).frames[:, 0, 0, 0]) for name in CONTROLS}
    own = list(range(count))
    assert numbers["copy"] == own
    assert sorted(numbers["shuffle-frames"]) == own and numbers["shuffle-frames"] != own
    assert len(set(numbers["freeze-frame"])) == 1


def test_a_shuffle_of_one_frame_is_that_frame():
    clip = clip_of(1)
    assert np.array_equal(make_control("shuffle-frames", clip, 0).frames, clip.frames)


def test_noise_is_uniform_and_seeded():
    clip = make_clip(np.zeros((4, 64, 64, 3), np.uint8))
    frames = make_control("noise", clip, 0).frames
    counts = np.bincount(frames.ravel(), minlength=256)
    # 192 values expected in each bin, deviation 14: six deviations on either side.
    assert abs(counts - frames.size / 256).max() < 6 * np.sqrt(frames.size / 256)
    assert not np.array_equal(frames, make_control("noise", clip, 1).frames)


def test_every_frame_can_be_frozen():
    clip = clip_of(3)
    assert {int(make_control("freeze-frame", clip, seed).frames[0, 0, 0, 0]) for seed in range(30)} == {0, 1, 2}


def test_an_unknown_control_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean shuffle-frames"):
        make_control("shuffle-frame", clip_of(2), 0)


def test_samples_of_one_seed_differ():
    clip = clip_of(6)
    made = [make_control("noise", clip, 3, index).sha256 for index in range(4)]
    assert len(set(made)) == 4 and make_control("noise", clip, 3, 2).sha256 == made[2]
