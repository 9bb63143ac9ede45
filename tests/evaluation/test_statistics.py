"""Streaming statistics against numpy.cov, in any chunks and order; files of statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from evaluation.encoders import Identity
from evaluation.statistics import Statistics, StreamingStatistics, gather, load_statistics, save_statistics

IDENTITY = Identity("random-inception", "pre-pool2", "0" * 64)


@given(
    seed=st.integers(0, 2**16),
    count=st.integers(2, 60),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    offset=st.sampled_from([0.0, 1e3, -1e6]),
    order=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=100)
def test_any_chunks_in_any_order_give_what_numpy_gives(seed, count, cuts, offset, order):
    x = np.random.default_rng(seed).standard_normal((count, 5)) * [1, 10, 0.1, 1, 0] + offset
    blocks = np.split(x, sorted(min(cut, count) for cut in cuts))
    order.shuffle(blocks)
    found = gather(blocks, 5)
    assert found.count == count
    np.testing.assert_allclose(found.mean, x.mean(axis=0), rtol=1e-12, atol=1e-12)
    # numpy.cov itself loses digits to a large offset, so the reference is centred first, exactly known to us.
    np.testing.assert_allclose(found.covariance, np.cov(x - offset, rowvar=False), rtol=1e-9, atol=1e-7)
    assert np.array_equal(found.covariance, found.covariance.T)


def test_float32_blocks_are_summed_in_float64():
    x = (np.random.default_rng(0).standard_normal((20000, 3)) + 100).astype(np.float32)
    found = gather(np.array_split(x, 7), 3)
    assert found.mean.dtype == found.covariance.dtype == np.float64
    np.testing.assert_allclose(found.covariance, np.cov(x.astype(np.float64), rowvar=False), rtol=1e-10, atol=1e-12)


def test_a_covariance_needs_two_features():
    streaming = StreamingStatistics(3)
    streaming.update(np.ones((1, 3)))
    with pytest.raises(ValueError, match="at least 2 features, not 1"):
        streaming.result()


def test_blocks_of_other_shape_are_refused():
    with pytest.raises(ValueError, match=r"\[N, 3\]"):
        StreamingStatistics(3).update(np.ones((2, 4)))


@pytest.mark.parametrize(
    ("mean", "covariance", "count"),
    [
        (np.zeros(3), np.zeros((2, 2)), 5),
        (np.zeros(2, np.float32), np.zeros((2, 2)), 5),
        (np.array([0, np.nan]), np.zeros((2, 2)), 5),
        (np.zeros(2), np.full((2, 2), np.inf), 5),
        (np.zeros(2), np.zeros((2, 2)), 1),
    ],
)
def test_what_is_no_gaussian_is_refused(mean, covariance, count):
    with pytest.raises(ValueError):
        Statistics(mean, covariance, count)


def test_describe():
    found = gather([np.random.default_rng(0).standard_normal((4, 6))], 6)
    assert found.describe() == {
        "count": 4,
        "dims": 6,
        "trace": pytest.approx(np.trace(found.covariance)),
        "max_rank": 3,
    }


def some_statistics(seed: int = 0) -> list[Statistics]:
    rng = np.random.default_rng(seed)
    return [gather([rng.standard_normal((30, 4))], 4) for _ in range(2)]


def test_files_round_trip_to_the_byte(tmp_path):
    save_statistics(tmp_path / "a.npz", some_statistics(), IDENTITY)
    save_statistics(tmp_path / "b.npz", some_statistics(), IDENTITY)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    found, identity = load_statistics(tmp_path / "a.npz")
    assert identity == IDENTITY and len(found) == 2
    for a, b in zip(found, some_statistics(), strict=True):
        assert np.array_equal(a.mean, b.mean) and np.array_equal(a.covariance, b.covariance) and a.count == b.count


def test_damaged_files_are_refused_in_one_line(tmp_path):
    path = tmp_path / "a.npz"
    save_statistics(path, some_statistics(), IDENTITY)
    data = path.read_bytes()
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    np.savez(tmp_path / "pickled.npz", identity=np.array([{"a": 1}], dtype=object))
    (tmp_path / "cut.npz").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("other.npz", "pickled.npz", "cut.npz", "empty.npz", "none.npz"):
        with pytest.raises(InputError, match=name) as refusal:
            load_statistics(tmp_path / name)
        assert "\n" not in str(refusal.value)


def test_statistics_are_stored_as_npz(tmp_path):
    with pytest.raises(InputError, match=r"\.npz"):
        save_statistics(tmp_path / "a.json", some_statistics(), IDENTITY)
