import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets.pixels import to_rgb


@given(rgba=arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(4))))
@settings(max_examples=100, deadline=None)
def test_transparency_is_laid_over_white(rgba):
    alpha = rgba[..., 3:].astype(np.float64) / 255
    exact = rgba[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(to_rgb(rgba) - exact).max() <= 0.5 + 1e-9
    assert to_rgb(rgba).dtype == np.uint8


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 5), (3, 5, 1), (2, 3, 5, 1)])
def test_grey_becomes_three_equal_channels(shape):
    grey = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    rgb = to_rgb(grey)
    assert rgb.shape == (shape[:-1] if shape[-1] == 1 else shape) + (3,)
    for channel in range(3):
        np.testing.assert_array_equal(rgb[..., channel].ravel(), grey.ravel())


def test_16_bit_grey_keeps_its_upper_bits():
    np.testing.assert_array_equal(to_rgb(np.array([[0, 255, 256, 65535]], np.uint16))[0, :, 0], [0, 0, 1, 255])


def test_rgb_stays_as_it_is():
    rgb = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(to_rgb(rgb), rgb)
