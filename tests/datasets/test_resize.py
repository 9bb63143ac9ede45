import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.clip import make_clip
from datasets.errors import InputError
from datasets.resize import fitted_size, prepare, require_minimum

sides = st.integers(1, 3000)
bounds = st.none() | st.integers(1, 3000)


@given(size=st.tuples(sides, sides), short=bounds, long=bounds)
@settings(max_examples=300, deadline=None)
def test_fitted_size_fits_keeps_the_aspect_and_never_enlarges(size, short, long):
    height, width = fitted_size(size, short, long)
    assert 1 <= height <= size[0] and 1 <= width <= size[1]
    assert short is None or min(height, width) <= short
    assert long is None or max(height, width) <= long
    # Each side is within half a pixel of the exact one (or 1), for one common scale.
    scale = min(1, (short or min(size)) / min(size), (long or max(size)) / max(size))
    for side, original in ((height, size[0]), (width, size[1])):
        assert abs(side - original * scale) <= 0.5 + 1e-9 or (side == 1 and original * scale < 1)


@given(size=st.tuples(sides, sides), bound=st.integers(1, 3000))
@settings(max_examples=100, deadline=None)
def test_the_bounded_side_is_met_exactly(size, bound):
    assert min(fitted_size(size, short_side=bound)) == min(bound, *size)
    assert max(fitted_size(size, long_side=bound)) == min(bound, max(size))


def test_the_protocols_sizes():
    assert fitted_size((168, 298), long_side=256) == (144, 256)
    assert fitted_size((168, 298), short_side=48) == (48, 85)
    assert fitted_size((5, 10), short_side=1) == (1, 2)
    with pytest.raises(ValueError):
        fitted_size((5, 10), short_side=0)


def test_nothing_to_do_is_the_same_clip(clip):
    assert prepare(clip) is clip
    assert prepare(clip, short_side=30, long_side=4000, max_frames=5) is clip


def test_prepared_frames_are_pillows_bicubic(clip):
    small = prepare(clip, short_side=15, max_frames=2)
    assert small.size == (15, 20)
    for frame, original in zip(small.frames, clip.frames, strict=False):
        expected = Image.fromarray(original).resize((20, 15), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(frame, np.asarray(expected))
    assert small.delays_ms.tolist() == clip.delays_ms[:2].tolist()
    note = {"first_frames": 2, "resized_from": [30, 40], "resized_to": [15, 20], "filter": "bicubic"}
    assert small.source == {**clip.source, "prepared": note}


def test_scaling_is_antialiased():
    """A chequerboard of single pixels becomes grey, not one of its colours."""
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    frames = np.broadcast_to(board[None, ..., None], (2, 64, 64, 3)).astype(np.uint8)
    small = prepare(make_clip(frames), short_side=16).frames[:, 2:-2, 2:-2]
    assert np.abs(small.astype(int) - 127.5).max() < 16


def test_first_frames_only_leaves_pixels_alone(clip):
    part = prepare(clip, max_frames=3)
    np.testing.assert_array_equal(part.frames, clip.frames[:3])
    assert part.source["prepared"] == {"first_frames": 3}


def test_smaller_than_25_pixels_is_refused():
    small = make_clip(np.zeros((2, 24, 300, 3), np.uint8), name="tiny.gif")
    with pytest.raises(InputError, match=r"tiny\.gif: is 300x24 pixels, and the shorter side needs at least 25"):
        require_minimum(small)
    require_minimum(make_clip(np.zeros((2, 25, 25, 3), np.uint8)))
    require_minimum(small, 24)
