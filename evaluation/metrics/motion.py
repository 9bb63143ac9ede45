"""How much a generated clip moves, compared with the training clip.

    motion energy ratio = mean of (x_{t+1} - x_t)^2 over voxels of the generated clip  /  the same of the training clip

1 where both change as much from frame to frame; below 1 for a clip that freezes, above for one that flickers.
"""

import numpy as np

from datasets.errors import InputError


def motion_energy_ratio(fake: np.ndarray, real: np.ndarray) -> float:
    """Mean squared frame difference of `fake` over that of `real`, both uint8 [T, H, W, 3] of any size; >= 0.

    Raises:
        InputError: a clip of fewer than two frames, or a training clip that stands still.
    """
    moved = _energy(real)
    if moved == 0:
        raise InputError("motion energy ratio: the training clip stands still; choose another clip")
    return _energy(fake) / moved


def _energy(frames: np.ndarray) -> float:
    if len(frames) < 2:
        raise InputError("motion energy ratio: needs at least 2 frames; take longer clips")
    return float((np.diff(frames.astype(np.float64), axis=0) ** 2).mean())
