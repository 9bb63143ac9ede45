"""Controls: same shape, same seed same bytes, and what each of them keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.clip import make_clip
from datasets.decode import read_video
from datasets.encode import write_gif
from datasets.errors import InputError
from evaluation.controls import CONTROLS, make_control
from evaluation.metrics.high_frequency import high_frequency_ratio

SIDES = st.integers(1, 13)
SEEDS = st.integers(0, 2**32)


def clip_of(count: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (count, 6, 8, 3), dtype=np.uint8)
    frames[:, 0, 0, 0] = np.arange(count)
    return make_clip(frames, np.arange(count) * 10 + 20, kind="synthetic")


def video(height, width, seed=0, count=3):
    rng = np.random.default_rng(seed)
    return make_clip(rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8))


def colours(frame):
    """The pixels of a frame in order of their values, whatever their places."""
    return np.unique(frame.reshape(-1, 3), axis=0, return_counts=True)


def test_their_order():
    assert list(CONTROLS) == [
        *("copy", "shuffle-frames", "freeze-frame", "reverse", "shift", "block-shuffle"),
        *("requantised-gif", "blur", "colour-shift", "noise"),
    ]
    assert all(name == control.name and control.shows for name, control in CONTROLS.items())


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


@pytest.mark.parametrize("name", CONTROLS)
@given(height=SIDES, width=SIDES)
@settings(deadline=None, max_examples=20)
def test_every_size_has_each(name, height, width):
    frames = make_control(name, video(height, width), 0).frames
    assert frames.shape == (3, height, width, 3) and frames.dtype == np.uint8


@pytest.mark.parametrize("name", ["copy", "freeze-frame", "reverse", "shift", "block-shuffle", "blur", "colour-shift"])
def test_a_still_clip_stays_still(name):
    clip = make_clip(np.repeat(video(32, 57).frames[:1], 4, axis=0))
    frames = make_control(name, clip, 0).frames
    assert np.array_equal(frames, np.repeat(frames[:1], 4, axis=0))


@given(count=st.integers(1, 9), seed=SEEDS)
@settings(deadline=None, max_examples=20)
def test_reversed_twice_is_the_clip(count, seed):
    clip = clip_of(count)
    there = make_control("reverse", clip, seed)
    assert list(there.frames[:, 0, 0, 0]) == list(range(count))[::-1]
    assert np.array_equal(make_control("reverse", there, seed).frames, clip.frames)


@given(height=st.integers(2, 20), width=st.integers(2, 20), seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_a_shift_is_one_translation_of_at_least_an_eighth(height, width, seed):
    clip = video(height, width)
    shifted = make_control("shift", clip, seed).frames
    moves = [
        (dy, dx)
        for dy in range(height)
        for dx in range(width)
        if np.array_equal(np.roll(clip.frames, (dy, dx), axis=(1, 2)), shifted)
    ]
    assert len(moves) == 1
    for by, side in zip(moves[0], (height, width), strict=True):
        assert min(by, side - by) >= side / 8


@given(height=SIDES, width=SIDES, seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_a_block_shuffle_moves_whole_blocks_alike_in_all_frames(height, width, seed):
    clip = video(height, width)
    shuffled = make_control("block-shuffle", clip, seed).frames
    for before, after in zip(clip.frames, shuffled, strict=True):
        assert all(map(np.array_equal, colours(before), colours(after)))
    rows, columns = min(4, height), min(4, width)
    tall, wide = height // rows, width // columns
    # The same shuffle of a clip that holds its own coordinates tells where each pixel came from.
    places = np.zeros((3, height, width, 3), np.uint8)
    places[..., 0], places[..., 1] = np.arange(height)[:, None], np.arange(width)
    y, x = np.moveaxis(make_control("block-shuffle", make_clip(places), seed).frames[0, ..., :2].astype(int), -1, 0)
    assert np.array_equal(shuffled, clip.frames[:, y, x])
    assert np.array_equal(y[rows * tall :], places[0, rows * tall :, :, 0])
    assert np.array_equal(x[:, columns * wide :], places[0, :, columns * wide :, 1])
    inner = y[: rows * tall, : columns * wide] // tall * columns + x[: rows * tall, : columns * wide] // wide
    blocks = inner.reshape(rows, tall, columns, wide).transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    assert (blocks == blocks[:, :1]).all()
    order = list(blocks[:, 0])
    assert sorted(order) == list(range(rows * columns)) and (order != sorted(order) or rows * columns == 1)


@pytest.mark.parametrize("size", [(8, 8), (32, 57)])
def test_a_requantised_gif_is_what_a_gif_holds(size, tmp_path):
    clip = video(*size)
    reduced = make_control("requantised-gif", clip, 0)
    assert all(len(colours(frame)[0]) <= 64 for frame in reduced.frames)
    write_gif(tmp_path / "reduced.gif", reduced)
    assert np.array_equal(read_video(tmp_path / "reduced.gif").frames, reduced.frames)
    levels = np.repeat(np.linspace(0, 255, 50).astype(np.uint8), 60).reshape(1, 50, 60, 1)
    few = make_clip(np.broadcast_to(levels, (2, 50, 60, 3)))
    assert np.array_equal(make_control("requantised-gif", few, 0).frames, few.frames)


@pytest.mark.parametrize("size", [(32, 57), (64, 48), (128, 130)])
def test_blur_takes_fine_detail_and_leaves_the_mean(size):
    clip = video(*size)
    blurred = make_control("blur", clip, 0).frames
    assert high_frequency_ratio(blurred, clip.frames) < 0.5
    assert blurred.mean(axis=(0, 1, 2)) == pytest.approx(clip.frames.mean(axis=(0, 1, 2)), abs=1)
    assert np.array_equal(
        make_control("blur", make_clip(np.full_like(clip.frames, 91)), 0).frames, clip.frames * 0 + 91
    )


@given(seed=SEEDS)
@settings(deadline=None, max_examples=30)
def test_a_colour_shift_is_one_offset_a_channel(seed):
    clip = video(6, 8)
    middle = make_clip(clip.frames // 2 + 50)
    offsets = make_control("colour-shift", middle, seed).frames.astype(int) - middle.frames
    assert (offsets == offsets[:1, :1, :1]).all()
    assert (abs(offsets) >= 20).all() and (abs(offsets) <= 30).all()
    whole = make_control("colour-shift", clip, seed).frames
    assert np.array_equal(whole, np.clip(clip.frames + offsets[0, 0, 0], 0, 255))


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
