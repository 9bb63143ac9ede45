"""NNFDIV and NNFDIST: closed forms, and the order of copies, pieces and noise."""

import zlib

import numpy as np
import pytest

from datasets.errors import InputError
from evaluation.metrics.nnf import PATCH, nnf_distance, nnf_diversity
from evaluation.nearest import Matches, PatchIndex


def video(seed, frames=5, height=30, width=40):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def field(displacement, distance=0.0):
    """Matches of a grid, int [T, H, W, 3]."""
    grid = displacement.shape[:3]
    query = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), axis=-1).reshape(-1, 3).astype(np.int32)
    place = query + displacement.reshape(-1, 3).astype(np.int32)
    return Matches(query, place, np.full(len(query), distance, np.float32), grid)


def test_the_ratio_is_that_of_zlib_on_planes_of_int16():
    moved = np.random.default_rng(0).integers(-300, 300, (3, 10, 20, 3))
    raw = b"".join(int(v).to_bytes(2, "little", signed=True) for c in range(3) for v in moved[..., c].ravel())
    assert nnf_diversity(field(moved)) == len(zlib.compress(raw, 9)) / len(raw)


def test_constant_fields_have_none_and_random_ones_much():
    grid = (4, 40, 60, 3)
    still = nnf_diversity(field(np.zeros(grid)))
    assert 0 < still < 0.005
    assert nnf_diversity(field(np.full(grid, 7) * (1, -3, 5))) < 0.005
    halves = np.zeros(grid)
    halves[:, :, 30:] = (1, 5, -9)
    random = np.random.default_rng(0).integers(-2000, 2000, grid)
    assert still < nnf_diversity(field(halves)) < 0.1 < nnf_diversity(field(random)) <= 1
    # Bytes that nothing compresses.
    assert nnf_diversity(field(np.random.default_rng(0).integers(-(2**15), 2**15, grid))) == 1


def test_copies_pieces_and_noise_of_a_clip():
    real = video(0)
    index = PatchIndex(real, PATCH)
    pieces = np.concatenate([real[:, 15:], np.roll(real[:, :15], 9, axis=2)], axis=1)
    copy, shift, mixed, noise = (index.search(x) for x in (real, real[1:, 3:, 4:], pieces, video(1)))
    assert nnf_distance(copy) == nnf_distance(shift) == 0
    assert max(nnf_diversity(copy), nnf_diversity(shift)) < 0.01
    assert 0.01 < nnf_diversity(mixed) < nnf_diversity(noise)
    assert nnf_diversity(noise) > 0.25
    assert 0 < nnf_distance(mixed) < nnf_distance(noise)


def test_the_distance_is_the_mean_square_per_value():
    grey = np.full((4, 9, 9, 3), 90, np.uint8)
    assert nnf_distance(PatchIndex(grey, PATCH).search(grey + np.uint8(6))) == 36
    assert nnf_distance(field(np.zeros((2, 3, 4, 3)), 2.5)) == 2.5


def test_a_coarse_grid_is_a_field_and_a_list_is_none():
    index = PatchIndex(video(0), PATCH)
    assert 0 < nnf_diversity(index.search(video(1), step=3)) <= 1
    with pytest.raises(InputError, match="no field"):
        nnf_diversity(index.search(video(1), places=np.zeros((1, 3), int)))
