"""Mean and covariance of features, gathered block by block.

    mean = sum x / n          covariance = sum (x - mean)(x - mean)^T / (n - 1)

Blocks are merged with the pairwise update of Chan, Golub and LeVeque (1983): each block is centred on its own mean, so
nothing is lost to cancellation however far the features lie from zero. All sums are float64.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.files import NPZ_ERRORS, replacing
from evaluation.encoders import Identity

_REMEDY = "delete it and let the step that makes it run again"


@dataclass(frozen=True, eq=False)
class Statistics:
    """A Gaussian fitted to features.

    Attributes:
        mean: float64 [C].
        covariance: float64 [C, C], symmetric, with n - 1 in the denominator.
        count: number n of features, at least 2.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or self.covariance.shape != (self.mean.size, self.mean.size):
            raise ValueError(f"mean {list(self.mean.shape)} and covariance {list(self.covariance.shape)} do not match")
        if self.mean.dtype != np.float64 or self.covariance.dtype != np.float64:
            raise ValueError("statistics must be float64")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise ValueError("statistics must be finite")
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 features, not {self.count}")

    @property
    def dims(self) -> int:
        """Number C of channels."""
        return self.mean.size

    def describe(self) -> dict[str, Any]:
        """A summary for logs and JSON: count, dims, the trace of the covariance, and the highest rank that it can have
        with so many features (below dims, it is singular)."""
        return {
            "count": self.count,
            "dims": self.dims,
            "trace": float(np.trace(self.covariance)),
            "max_rank": min(self.count - 1, self.dims),
        }


class StreamingStatistics:
    """Statistics of features that arrive in blocks, in memory for one block."""

    def __init__(self, dims: int) -> None:
        self._count = 0
        self._mean = np.zeros(dims)
        self._scatter = np.zeros((dims, dims))

    def update(self, block: np.ndarray) -> None:
        """Add features, [N, C] of any float type, N >= 0."""
        if block.ndim != 2 or block.shape[1] != self._mean.size:
            raise ValueError(f"features must be [N, {self._mean.size}], not {list(block.shape)}")
        if not len(block):
            return
        block = block.astype(np.float64)
        mean = block.mean(axis=0)
        centred = block - mean
        total = self._count + len(block)
        shift = mean - self._mean
        self._scatter += centred.T @ centred + np.outer(shift, shift) * (self._count * len(block) / total)
        self._mean = self._mean + shift * (len(block) / total)
        self._count = total

    def result(self) -> Statistics:
        """The statistics of everything so far; ValueError with fewer than 2 features."""
        if self._count < 2:
            raise ValueError(f"a covariance needs at least 2 features, not {self._count}")
        return Statistics(self._mean.copy(), self._scatter / (self._count - 1), self._count)


def gather(blocks: Iterable[np.ndarray], dims: int) -> Statistics:
    """The statistics of all blocks [N, dims] together."""
    streaming = StreamingStatistics(dims)
    for block in blocks:
        streaming.update(block)
    return streaming.result()


def save_statistics(path: str | Path, statistics: Sequence[Statistics], identity: Identity) -> None:
    """Write the statistics of one clip, one for each member of the encoder. Equal statistics give equal bytes.

    Raises:
        InputError: `path` does not end in .npz, or cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(f"{path}: statistics are stored as .npz; choose such a name")
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            mean=np.stack([part.mean for part in statistics]),
            covariance=np.stack([part.covariance for part in statistics]),
            count=np.array([part.count for part in statistics], dtype="<i8"),
            identity=np.array(json.dumps(asdict(identity))),
        )


def load_statistics(path: str | Path) -> tuple[list[Statistics], Identity]:
    """Read what `save_statistics` wrote.

    Raises:
        InputError: the file is missing, damaged, or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            identity = Identity(**json.loads(str(arrays["identity"])))
            parts = zip(arrays["mean"], arrays["covariance"], arrays["count"], strict=True)
            return [Statistics(mean, covariance, int(count)) for mean, covariance, count in parts], identity
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (*NPZ_ERRORS, TypeError) as error:
        raise InputError(f"{path}: not readable as statistics of features; {_REMEDY}") from error
