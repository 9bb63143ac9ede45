"""Nearest patches: against all pairs in integers, ties, and how often the approximate search misses the nearest."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.decode import read_video
from datasets.errors import InputError
from evaluation.nearest import PatchIndex

STAGE = Path(os.environ.get("SGIF_STAGE", ""))


def video(seed, frames=4, height=12, width=14):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def scene(seed, frames=5, height=50, width=70):
    """Smooth waves that drift, with some grain: patches that have near neighbours, and few equal ones."""
    rng = np.random.default_rng(seed)
    t, y, x = np.meshgrid(*map(np.arange, (frames, height, width)), indexing="ij")
    waves = [
        np.sin(a * x + b * y + c * t + d)[..., None] * rng.uniform(0, 30, 3)
        for a, b, c, d in rng.uniform(-0.5, 0.5, (8, 4)) * (1, 1, 2, 12)
    ]
    return (128 + sum(waves) + rng.normal(0, 3, (frames, height, width, 3))).clip(0, 255).astype(np.uint8)


def patches(frames, patch):
    """int64 [N, values] in order of places, one by one."""
    grid = [n - side + 1 for n, side in zip(frames.shape, patch, strict=False)]
    return np.stack(
        [
            frames[t : t + patch[0], y : y + patch[1], x : x + patch[2]].astype(np.int64).ravel()
            for t, y, x in np.ndindex(*grid)
        ]
    )


def all_pairs(fake, real, patch):
    """Squared distances, int64 [queries, keys]."""
    keys = patches(real, patch)
    return np.stack([((query - keys) ** 2).sum(axis=1) for query in patches(fake, patch)])


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 99),
    patch=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    size=st.tuples(st.integers(3, 4), st.integers(5, 8), st.integers(5, 9)),
    mask=st.sampled_from([1, 255]),
)
def test_exact_search_is_that_over_all_pairs(seed, patch, size, mask):
    # With the last bit alone, ties abound.
    fake, real = video(seed, *size) & np.uint8(mask), video(seed + 1, 4, 6, 7) & np.uint8(mask)
    expected = all_pairs(fake, real, patch)
    found = PatchIndex(real, patch).search(fake, method="exact")
    assert np.array_equal(found.distance, (expected.min(axis=1) / (3 * np.prod(patch))).astype(np.float32))
    grid = PatchIndex(real, patch).shape
    rows = np.arange(len(expected))
    chosen = np.ravel_multi_index(tuple(found.place.T), grid)
    assert np.array_equal(expected[rows, chosen], expected.min(axis=1))
    inside = (found.query < grid).all(axis=1)
    own = np.ravel_multi_index(tuple(found.query[inside].T), grid)
    at_home = np.zeros(len(rows), bool)
    at_home[inside] = expected[rows[inside], own] == expected[inside].min(axis=1)
    assert (found.place == found.query)[at_home].all()
    assert np.array_equal(chosen[~at_home], expected.argmin(axis=1)[~at_home])


def test_black_in_white_is_exact_where_float32_is_not():
    black, white = np.zeros((3, 8, 8, 3), np.uint8), np.full((3, 8, 8, 3), 255, np.uint8)
    white[1, 4, 4, 0] = 254
    distance = PatchIndex(white).search(black, method="exact").distance
    assert (distance == np.float32((441 * 255**2 - 255**2 + 254**2) / 441)).all()


def test_queries_are_a_grid_in_order_and_places_as_given():
    index = PatchIndex(video(0))
    whole = index.search(video(1, 3, 9, 11))
    assert whole.grid == (1, 3, 5) and len(whole.distance) == 15
    assert np.array_equal(whole.query.reshape(3, 5, 3)[2, 4], (0, 2, 4))
    coarse = index.search(video(1, 3, 9, 11), step=2)
    assert coarse.grid == (1, 2, 3)
    some = index.search(video(1, 3, 9, 11), places=coarse.query)
    assert some.grid is None
    for name in ("query", "place", "distance"):
        assert np.array_equal(getattr(some, name), getattr(coarse, name))
        assert np.array_equal(getattr(some, name), getattr(whole, name)[[0, 2, 4, 10, 12, 14]])
    none = index.search(video(1), places=np.zeros((0, 3), int))
    assert none.distance.shape == (0,) and none.place.shape == (0, 3)


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_a_copy_is_found_at_home_and_a_shift_where_it_came_from(method):
    real = scene(0)
    index = PatchIndex(real)
    copy = index.search(real, method=method)
    assert not copy.distance.any() and np.array_equal(copy.place, copy.query)
    shift = index.search(real[1:, 2:, 5:], method=method)
    assert not shift.distance.any() and (shift.place - shift.query == (1, 2, 5)).all()


def test_the_approximate_search_finds_the_nearest_of_nine_in_ten():
    real, fake = scene(0), scene(1)
    fake[:, :25] = real[:, 25:] // 2 + fake[:, :25] // 2
    index = PatchIndex(real)
    exact, found = index.search(fake, method="exact"), index.search(fake, method="approximate")
    assert (found.distance >= exact.distance).all()
    assert (found.distance == exact.distance).mean() >= 0.9
    assert found.distance.mean() <= 1.02 * exact.distance.mean()
    # What is told of a key is true of it.
    for t, y, x in found.query[::3001]:
        row = np.ravel_multi_index((t, y, x), found.grid)
        a, b, c = found.place[row]
        difference = fake[t : t + 3, y : y + 7, x : x + 7] - real[a : a + 3, b : b + 7, c : c + 7].astype(float)
        assert found.distance[row] == pytest.approx((difference**2).mean())


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_equal_bytes_on_repeat_and_with_two_threads(method):
    import faiss

    before = faiss.omp_get_max_threads()
    real, fake = scene(0, 4, 40, 50), scene(1, 4, 40, 50)
    one, again = (PatchIndex(real).search(fake, method=method, threads=n) for n in (1, 2))
    assert np.array_equal(one.place, again.place) and np.array_equal(one.distance, again.distance)
    assert faiss.omp_get_max_threads() == before


def test_a_small_search_is_exact_unless_asked_otherwise(monkeypatch):
    # Noise has no components that matter, so that its short lists miss the nearest.
    real, fake = video(0, 4, 30, 40), video(1, 3, 30, 40)
    index = PatchIndex(real)
    exact, approximate = (index.search(fake, method=name) for name in ("exact", "approximate"))
    assert not np.array_equal(exact.place, approximate.place)
    assert np.array_equal(index.search(fake).place, exact.place)
    monkeypatch.setattr("evaluation.nearest.EXACT_PAIRS", 1000)
    assert np.array_equal(index.search(fake).place, approximate.place)


@pytest.mark.parametrize("method", ["exact", "approximate"])
def test_flat_still_and_tiny_clips_have_nearest_patches(method):
    grey = np.full((4, 32, 57, 3), 90, np.uint8)
    assert (PatchIndex(grey).search(grey + np.uint8(5), method=method).distance == 25).all()
    still = np.repeat(scene(0, 1, 32, 57), 4, axis=0)
    assert np.isfinite(PatchIndex(still).search(scene(1, 4, 32, 57), method=method).distance).all()
    one = PatchIndex(video(0, 3, 7, 7)).search(video(1), method=method)
    assert not one.place.any() and np.isfinite(one.distance).all()


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="no patch"):
        PatchIndex(video(0, frames=2))
    index = PatchIndex(video(0))
    with pytest.raises(InputError, match="no patch"):
        index.search(video(0, height=6))
    with pytest.raises(ValueError, match="uint8"):
        index.search(video(0).astype(float))
    with pytest.raises(ValueError, match="outside"):
        index.search(video(0), places=np.array([[2, 0, 0]]))
    with pytest.raises(ValueError, match="integers"):
        index.search(video(0), places=np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="method"):
        index.search(video(0), method="fast")
    with pytest.raises(ValueError, match="1024"):
        PatchIndex(video(0, 8, 20, 20), (5, 9, 9))


@pytest.mark.slow
@pytest.mark.skipif(not (STAGE / "published").is_dir(), reason="SGIF_STAGE names no stage with published clips")
@pytest.mark.parametrize("method", ["singangif", "vgpnn"])
@pytest.mark.parametrize("clip", ["waterfall", "seashore", "desert"])
def test_published_samples_at_native_size(clip, method):
    real, fake = (
        read_video(STAGE / "published" / clip / f"{name}.mp4", first=8).frames for name in ("real", f"{method}/0")
    )
    index = PatchIndex(real)
    places = np.random.default_rng(0).integers(0, (6, fake.shape[1] - 6, fake.shape[2] - 6), (2000, 3))
    exact, found = (index.search(fake, places=places, method=name) for name in ("exact", "approximate"))
    assert (found.distance <= exact.distance).mean() >= 0.9
    assert found.distance.mean() <= 1.02 * exact.distance.mean()
