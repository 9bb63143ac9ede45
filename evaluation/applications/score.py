"""SGFID between clips of different sizes and lengths, for applications: features of each clip gathered once."""

from typing import TYPE_CHECKING

import numpy as np

from evaluation.features import clip_statistics
from evaluation.metrics.sgfid import sgfid

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder


class Scorer:
    """SGFID against one real clip.

    Args:
        real: uint8 [T, H, W, 3].
        encoder: of the features.
    """

    def __init__(self, real: np.ndarray, encoder: "Encoder") -> None:
        self._encoder, self._real = encoder, clip_statistics(real, encoder)

    def __call__(self, frames: np.ndarray) -> float:
        """SGFID of frames uint8 [T', H', W', 3] of any size and number.

        Raises:
            InputError: the frames are too small for the encoder.
        """
        return sgfid(self._real, clip_statistics(frames, self._encoder))
