"""Whether a generated clip has the training clip's contrast.

    contrast ratio = standard deviation of grey over voxels of the generated clip  /  the same of the training clip

Needed to read diversity: a pixel's deviation over samples grows with their contrast, so a method that overdoes contrast
looks the more diverse for it.
"""

import numpy as np

from datasets.errors import InputError
from evaluation.metrics.diversity import grey


def contrast_ratio(fake: np.ndarray, real: np.ndarray) -> float:
    """Of two clips, uint8 [T, H, W, 3] of any shape; >= 0, 1 for the same contrast.

    Raises:
        InputError: the real clip is of one single grey value.
    """
    own = float(grey(real).std())
    if own < 1e-9:  # rounding errors
        raise InputError("contrast: the real clip is of one single grey value; choose another clip")
    return float(grey(fake).std()) / own
