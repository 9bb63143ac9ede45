r"""Nearest space-time patches: for each patch p of one clip, among all patches q of another,

    d(p) = min over q of |p - q|^2 / n        n = frames * rows * columns * 3 values a patch; in grey levels squared

Exact: all pairs, |p - q|^2 = |p|^2 + |q|^2 - 2 p·q as a matrix product. With 128 taken off each value, every term is an
integer of at most n 128^2 <= 2^24, so float32 holds it exactly whatever the order of summation; n may be 1024 at most.

Approximate: the `SHORT_LIST` nearest in the keys' leading principal components, then those compared in all values.
Candidates come from inverted lists, one a cell of a k-means (Jégou et al. 2011); the query's nearest are searched.
Only the choice of the key is approximate: the distance to the key that was found is exact, never below the nearest's.

Conventions: a patch is placed by its first frame, row and column; only patches that lie wholly in a clip count. Among
equally near keys the one at the query's own place wins, then the first one in order of time, row, column (of those that
were compared). `benchmarks/nearest.py` measures time, recall and the excess of the mean distance.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np

from datasets.errors import InputError

EXACT_PAIRS = 5.5e9
"""So many pairs are all compared: those of 8 frames of 84 x 149 with as many."""
COMPONENTS = 64
"""Principal components in which the short list is made."""
SHORT_LIST = 12
CELL = 140
"""Keys an inverted list holds on average."""
PROBES = 16
"""Inverted lists that are searched for each query."""
_MOST_CELLS = 8192
_MOST_VALUES = 1024
_SAMPLE = 8192
_ADDED = 65536
_BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Matches:
    """Where patches were found, and how far.

    Attributes:
        query: int32 [N, 3], frame, row and column of each patch that was looked up.
        place: int32 [N, 3], those of the nearest patch of the index's clip.
        distance: float32 [N], mean squared difference of the two, in grey levels squared.
        grid: frames, rows and columns of a regular grid of queries, whose product is N; None for given places.
    """

    query: np.ndarray
    place: np.ndarray
    distance: np.ndarray
    grid: tuple[int, int, int] | None


class PatchIndex:
    """All patches of one clip, to be searched any number of times. What a kind of search needs is made on its first.

    Args:
        frames: uint8 [T, H, W, 3].
        patch: frames, rows and columns of a patch, of at most 1024 values.
        seed: of the samples that components and inverted lists are fitted to.

    Raises:
        InputError: the clip has no patch of this size.
        ValueError: frames of another type or shape, or a patch of too many values.
    """

    def __init__(self, frames: np.ndarray, patch: tuple[int, int, int] = (3, 7, 7), *, seed: int = 0) -> None:
        self.patch, self.seed = patch, seed
        self._keys = _Patches(frames, patch)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows and columns of the places of keys."""
        return self._keys.shape

    def search(
        self,
        frames: np.ndarray,
        *,
        places: np.ndarray | None = None,
        step: int = 1,
        method: Literal["auto", "exact", "approximate"] = "auto",
        threads: int = 1,
    ) -> Matches:
        """The nearest key of each patch of `frames`. Equal arguments give equal bytes, whatever `threads`.

        Args:
            frames: uint8 [T', H', W', 3], of any size that has a patch.
            places: integers [N, 3], the patches to look up; None for all of them.
            step: without `places`, only every so many-th row and column is looked up.
            method: `auto` is exact up to `EXACT_PAIRS` pairs of patches.
            threads: BLAS may use more, as its own variables (OMP_NUM_THREADS) say.

        Raises:
            InputError: the clip has no patch of the index's size.
            ValueError: frames of another type or shape, a place outside, or an option that is none.
        """
        if method not in ("auto", "exact", "approximate") or step < 1 or threads < 1:
            raise ValueError(f"no search of method {method}, step {step} and {threads} threads")
        queries, grid = _Patches(frames, self.patch), None
        if places is None:
            axes = [
                np.arange(0, n, each, dtype=np.int32) for n, each in zip(queries.shape, (1, step, step), strict=True)
            ]
            grid = tuple(map(len, axes))
            places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        places = np.asarray(places)
        if places.ndim != 2 or places.shape[1] != 3 or not np.issubdtype(places.dtype, np.integer):
            raise ValueError(f"places must be integers [N, 3], not {places.dtype} {list(places.shape)}")
        if not ((places >= 0) & (places < queries.shape)).all():
            raise ValueError(f"a place lies outside of the clip's {list(queries.shape)} patches")
        numbers = np.ravel_multi_index(tuple(places.T), queries.shape)
        exact = method == "exact" or (method == "auto" and len(numbers) * len(self._keys) <= EXACT_PAIRS)
        found, squares = self._own(queries, numbers)
        # Nothing is nearer than an equal patch, and a copy has them everywhere.
        rest = np.flatnonzero(squares > 0)
        if len(rest):
            find = self._exact if exact else partial(self._approximate, self._lists)
            with _pool(threads) as pool:
                blocks = list(pool.map(lambda part: find(queries.floats(part)), _blocks(numbers[rest])))
            others, nearer = (np.concatenate(part) for part in zip(*blocks, strict=True))
            wins = nearer < squares[rest]
            found[rest[wins]], squares[rest[wins]] = others[wins], nearer[wins]
        place = np.stack(np.unravel_index(found, self.shape), axis=-1).astype(np.int32)
        distance = (squares / self._keys.values).astype(np.float32)
        return Matches(places.astype(np.int32), place, distance, grid)

    def _own(self, queries: "_Patches", numbers: np.ndarray) -> "_Found":
        """The keys at the queries' own places and the squared distances to them; infinite where there is none."""
        places = np.unravel_index(numbers, queries.shape)
        inside = np.logical_and.reduce([axis < n for axis, n in zip(places, self.shape, strict=True)])
        found, squares = np.zeros(len(numbers), np.int64), np.full(len(numbers), np.inf)
        found[inside] = np.ravel_multi_index(tuple(axis[inside] for axis in places), self.shape)
        for part in _blocks(np.flatnonzero(inside)):
            squares[part] = _squares(queries.floats(numbers[part]), self._keys.floats(found[part]))
        return found, squares

    def _exact(self, table: np.ndarray) -> "_Found":
        best, found = np.full(len(table), np.inf, np.float32), np.zeros(len(table), np.int64)
        for numbers in _blocks(np.arange(len(self._keys))):
            keys = self._keys.floats(numbers)
            scores = (-2 * table) @ keys.T
            # Beyond 2^24 this sum is rounded, which takes a nearest that lies 195 grey levels (RMS) away or more.
            scores += _norms(keys)
            winners = scores.argmin(axis=1)
            score = scores[np.arange(len(table)), winners]
            nearer = score < best
            best[nearer], found[nearer] = score[nearer], numbers[winners[nearer]]
        return found, _squares(table, self._keys.floats(found))

    def _approximate(self, lists: Any, table: np.ndarray) -> "_Found":
        middle, basis = self._basis
        listed = lists.search((table - middle) @ basis, min(SHORT_LIST, len(self._keys)))[1]
        # Sorted, so that the first of equally near keys wins. Fewer than asked for are filled up with -1, in place of
        # which any key will do.
        listed = np.sort(np.maximum(listed, 0), axis=1)
        squares = np.stack([_squares(table, self._keys.floats(numbers)) for numbers in listed.T], axis=1)
        winners, rows = squares.argmin(axis=1), np.arange(len(table))
        return listed[rows, winners], squares[rows, winners]

    @cached_property
    def _basis(self) -> tuple[np.ndarray, np.ndarray]:
        """The keys' mean, and the directions in which they vary most."""
        count = len(self._keys)
        chosen = np.arange(count)
        if count > _SAMPLE:
            chosen = np.sort(np.random.default_rng(self.seed).choice(count, _SAMPLE, replace=False))
        sample = self._keys.floats(chosen)
        middle = sample.mean(axis=0)
        sample -= middle
        vectors = np.linalg.eigh(sample.T @ sample)[1]
        return middle, np.ascontiguousarray(vectors[:, : -COMPONENTS - 1 : -1])

    def _project(self, numbers: np.ndarray) -> np.ndarray:
        middle, basis = self._basis
        return np.concatenate([(self._keys.floats(part) - middle) @ basis for part in _blocks(numbers)])

    @cached_property
    def _lists(self) -> Any:
        """faiss's index of all keys in the leading components."""
        import faiss

        count, dims = len(self._keys), self._basis[1].shape[1]
        cells = min(max(1, count // CELL), _MOST_CELLS)
        lists = faiss.IndexIVFFlat(faiss.IndexFlatL2(dims), dims, cells)
        lists.nprobe = min(PROBES, cells)
        # Patches that are all alike end up in one cell; without a bound each query would scan all of them.
        lists.max_codes = 4 * PROBES * max(CELL, count // cells)
        lists.cp.niter, lists.cp.seed, lists.cp.min_points_per_centroid = 5, self.seed + 1, 1
        sample = np.random.default_rng(self.seed).choice(count, min(count, 20 * cells), replace=False)
        with _pool(1) as pool:
            pool.submit(lists.train, self._project(np.sort(sample))).result()
            for start in range(0, count, _ADDED):
                pool.submit(lists.add, self._project(np.arange(start, min(start + _ADDED, count)))).result()
        return lists


_Found = tuple[np.ndarray, np.ndarray]


class _Patches:
    """The patches of a clip by number, in order of time, row, column; nothing is copied until they are asked for."""

    def __init__(self, frames: np.ndarray, patch: tuple[int, int, int]) -> None:
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
            raise ValueError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
        self.values = 3 * int(np.prod(patch))
        if min(patch) < 1 or self.values > _MOST_VALUES:
            raise ValueError(f"a patch of {list(patch)} has {self.values} values; 1 to {_MOST_VALUES} can be compared")
        shape = [n - side + 1 for n, side in zip(frames.shape, patch, strict=False)]
        if min(shape) < 1:
            raise InputError(
                f"a clip of {list(frames.shape)} has no patch of {list(patch)}; take longer or larger clips"
            )
        self.shape = (shape[0], shape[1], shape[2])
        frames = np.ascontiguousarray(frames)
        # A row of a patch lies in one piece: gathered as one item, it takes a tenth of the time of single values.
        self._rows = np.ndarray(
            (*shape, *patch[:2]), f"V{3 * patch[2]}", frames, strides=(*frames.strides[:3], *frames.strides[:2])
        )

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]

    def floats(self, numbers: np.ndarray) -> np.ndarray:
        """float32 [n, values] in [-128, 127]."""
        rows = self._rows[np.unravel_index(numbers, self.shape)]
        values = rows.view(np.uint8).reshape(len(numbers), self.values).astype(np.float32)
        values -= 128
        return values


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances of rows, exact, float64 [n]."""
    return _norms(a).astype(np.float64) + _norms(b) - 2.0 * np.einsum("ij,ij->i", a, b).astype(np.float64)


def _norms(table: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", table, table)


def _blocks(numbers: np.ndarray) -> list[np.ndarray]:
    return [numbers[start : start + _BLOCK] for start in range(0, len(numbers), _BLOCK)]


def _pool(threads: int) -> ThreadPoolExecutor:
    """So many threads, in each of which faiss uses one: its number of threads belongs to the thread that sets it, and
    the caller's stays as it is."""
    import faiss

    return ThreadPoolExecutor(threads, initializer=faiss.omp_set_num_threads, initargs=(1,))
