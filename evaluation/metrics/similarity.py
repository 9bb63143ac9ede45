r"""Bidirectional similarity: is each patch of either clip to be found in the other one?

Simakov et al. (2008), equation 1, with patches of space and time, at several scales:

    coherence    = mean over scales of  sqrt( mean over p in the generated clip of min over q in the real one d(p, q) )
    completeness = the same from the real clip's patches to the generated one's          d(p, q) = |p - q|^2 / n

Coherence finds content that is not the clip's, completeness content of the clip that is missing (a frozen clip lacks
motion, a mode collapse whole regions). A copy has both at 0.

Conventions: root mean square differences of n = 3 * 7 * 7 * 3 values, in grey levels in [0, 255], so that scales count
alike. Scales are 1, 1/2 and 1/4 of the size in space (area averages; frames are never merged), down to a short side of
`SMALLEST`. The mean is over patches drawn at random, at the same places for clips of one size; each is looked up among
all patches of the other clip with the approximate search of `evaluation.nearest`, which leaves the mean within 1 %.
"""

from dataclasses import dataclass

import numpy as np

from datasets.errors import InputError
from evaluation.nearest import PatchIndex

PATCH = (3, 7, 7)
SCALES = (1, 2, 4)
SMALLEST = 16
"""Pixels that the short side has at least at the smaller scales."""


@dataclass(frozen=True)
class Similarity:
    """How well two clips' patches are found in each other, in grey levels; 0 is best.

    Attributes:
        coherence: distance of the generated clip's patches to the nearest of the training clip.
        completeness: distance of the training clip's patches to the nearest of the generated clip.
    """

    coherence: float
    completeness: float


class BidirectionalSimilarity:
    """Similarity of generated clips to one training clip, whose patches are prepared once for all of them.

    Args:
        real: uint8 [T, H, W, 3].
        patches: how many are drawn at each scale; all of them where there are fewer.
        seed: of the draw.
        threads: of the search.

    Raises:
        InputError: the clip has no patch of 3 frames and 7 pixels.
    """

    def __init__(self, real: np.ndarray, *, patches: int = 2048, seed: int = 0, threads: int = 1) -> None:
        self._patches, self._seed, self._threads = patches, seed, threads
        self._shape = real.shape
        self._real = [(clip, PatchIndex(clip, PATCH)) for clip in _pyramid(real)]

    def __call__(self, fake: np.ndarray) -> Similarity:
        """The similarity of a generated clip, uint8 [T', H, W, 3].

        Raises:
            InputError: its frames differ in size from the training clip's, or it has no patch.
        """
        if fake.shape[1:] != self._shape[1:]:
            raise InputError(
                f"similarity: frames of {list(fake.shape[1:])} and {list(self._shape[1:])}; bring them to one size"
            )
        there, back = [], []
        for clip, (real, index) in zip(_pyramid(fake), self._real, strict=True):
            own = PatchIndex(clip, PATCH)
            there.append(self._distance(clip, own, index))
            back.append(self._distance(real, index, own))
        return Similarity(float(np.mean(there)), float(np.mean(back)))

    def _distance(self, clip: np.ndarray, own: PatchIndex, other: PatchIndex) -> float:
        """RMS distance of some of a clip's patches to the nearest of another one."""
        count = int(np.prod(own.shape))
        chosen = np.random.default_rng(self._seed).choice(count, min(self._patches, count), replace=False)
        places = np.stack(np.unravel_index(chosen, own.shape), axis=1)
        found = other.search(clip, places=places, method="approximate", threads=self._threads)
        return float(np.sqrt(found.distance.mean(dtype=np.float64)))


def _pyramid(frames: np.ndarray) -> list[np.ndarray]:
    """The clip at each scale that it is large enough for; the first always."""
    import cv2

    clips = [frames]
    for factor in SCALES[1:]:
        height, width = (round(side / factor) for side in frames.shape[1:3])
        if min(height, width) >= SMALLEST:
            clips.append(np.stack([cv2.resize(f, (width, height), interpolation=cv2.INTER_AREA) for f in frames]))
    return clips
