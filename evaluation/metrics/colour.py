"""Whether a generated clip has the training clip's colours.

The two statistics that SinGAN-GIF's colour loss compares (Arora and Lee 2021, section 3.4.3), as a distance in grey
levels: the mean and the standard deviation of each channel over a clip,

    colour distance = sqrt( mean over channels of  (mean_x - mean_y)^2 + (sd_x - sd_y)^2 )
"""

import numpy as np


def colour_distance(fake: np.ndarray, real: np.ndarray) -> float:
    """Distance of the colour statistics of two clips, uint8 [T, H, W, 3] of any shape, in grey levels (0 to 255); 0 for
    equal ones."""
    return float(np.sqrt(((_statistics(fake) - _statistics(real)) ** 2).sum(axis=0).mean()))


def _statistics(frames: np.ndarray) -> np.ndarray:
    """[2, 3]: means and standard deviations."""
    pixels = frames.reshape(-1, 3).astype(np.float64)
    return np.stack([pixels.mean(axis=0), pixels.std(axis=0)])
