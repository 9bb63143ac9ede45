"""Sizes of the pyramid."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from sgif.config import Config, PyramidConfig, override
from sgif.presets import resolve
from sgif.pyramid import plan_scales, scale_sizes


def test_the_papers_sizes():
    sides = [h for h, _ in scale_sizes((250, 250), PyramidConfig())]
    strict = [25, 33, 44, 59, 79, 105, 140, 187, 250]  # r = 4/3 from 25
    assert len(sides) == len(strict) and all(abs(a - b) <= 1 for a, b in zip(sides, strict, strict=True))


@settings(deadline=None)
@given(height=st.integers(25, 400), width=st.integers(25, 400), scales=st.one_of(st.none(), st.integers(1, 9)))
def test_sizes_grow_from_the_coarsest_side_to_exactly_the_clip(height, width, scales):
    sizes = scale_sizes((height, width), PyramidConfig(scales=scales))
    assert sizes[-1] == (height, width)
    assert len(sizes) == 1 or min(sizes[0]) == 25
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(sizes))
    assert all(min(size) >= 25 for size in sizes)


def test_a_clip_below_the_coarsest_size_is_refused():
    with pytest.raises(InputError, match="short side is 24"):
        scale_sizes((24, 100), PyramidConfig())


def test_the_papers_plan():
    scales = plan_scales(32, (144, 256), Config())
    assert [s.dimensions for s in scales] == [3, 3, 3, 3, 2, 2, 2]
    assert [s.channels for s in scales] == [32] * 4 + [64] * 3
    assert [s.chunk for s in scales][0::6] == [16, 8]
    assert [s.chunk for s in scales] == sorted((s.chunk for s in scales), reverse=True)
    assert {s.iterations for s in scales} == {8000}


def test_chunks_never_exceed_the_clip_and_iterations_extend():
    config = override(Config(), {"optim.iterations": "5,3"})
    scales = plan_scales(6, (100, 100), config)
    assert {s.chunk for s in scales} == {6}
    assert [s.iterations for s in scales] == [5] + [3] * (len(scales) - 1)


@pytest.mark.parametrize("preset", ["quick", "smoke"])
def test_small_presets_have_3d_and_2d_scales(preset):
    config = resolve(preset, "singan-gif")
    side = config.pyramid.short_side
    assert [s.dimensions for s in plan_scales(8, (side, 2 * side), config)] == [3, 3, 2]
