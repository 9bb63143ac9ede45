"""SGFID between clips of different sizes and lengths, for applications: features of each clip gathered once."""

from typing import TYPE_CHECKING

import numpy as np

from evaluation.metrics.sgfid import sgfid
from evaluation.statistics import Statistics, gather

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder


class Scorer:
    """SGFID against one real clip.

    Args:
        real: uint8 [T, H, W, 3].
        encoder: of the features.
    """

    def __init__(self, real: np.ndarray, encoder: "Encoder") -> None:
        self._encoder, self._real = encoder, self._statistics(encoder, real)

    def __call__(self, frames: np.ndarray) -> float:
        """SGFID of frames uint8 [T', H', W', 3] of any size and number.

        Raises:
            InputError: the frames are too small for the encoder.
        """
        return sgfid(self._real, self._statistics(self._encoder, frames))

    @staticmethod
    def _statistics(encoder: "Encoder", frames: np.ndarray) -> list[Statistics]:
        return [gather(encoder.features(frames, member), encoder.dims) for member in range(encoder.members)]
