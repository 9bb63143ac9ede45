"""From a clip to the statistics of its features."""

from typing import TYPE_CHECKING

import numpy as np

from evaluation.statistics import Statistics, gather

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder


def clip_statistics(frames: np.ndarray, encoder: "Encoder") -> list[Statistics]:
    """Statistics over every location of every frame, one for each member of the encoder.

    Args:
        frames: uint8 [T, H, W, 3], scored at their own size.
        encoder: what makes the features.

    Raises:
        InputError: the frames are too small for the encoder's layer.
    """
    return [gather(encoder.features(frames, member), encoder.dims) for member in range(encoder.members)]
