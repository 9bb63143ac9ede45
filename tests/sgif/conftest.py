"""A clip and a config small enough to train in a test."""

import numpy as np
import pytest

from datasets.clip import make_clip
from sgif.config import override
from sgif.presets import resolve

TINY = {
    "pyramid.short_side": 26,
    "pyramid.scales": 2,
    "pyramid.chunk_coarsest": 3,
    "pyramid.chunk_finest": 2,
    "model.scales_3d": 1,
    "model.channels": 4,
    "optim.iterations": "3,2",
}


@pytest.fixture
def clip():
    """Five frames of 26x30: two gradients, one of them moving."""
    t, y, x = np.mgrid[0:5, 0:26, 0:30]
    red, green = (8 * (x + 3 * t)) % 256, 9 * y
    return make_clip(np.stack([red, green, (red + green) // 2], axis=-1).astype(np.uint8), [100, 100, 200, 100, 50])


@pytest.fixture
def config():
    """The smoke preset, smaller still."""
    return override(resolve("smoke", "singan-gif"), TINY)
