"""How near a reconstruction is to the clip."""

import math

from torch import Tensor


def frame_rmse(video: Tensor, real: Tensor) -> float:
    """Root mean square error of each frame, averaged over frames (section 3.4.2). Both [T, 3, H, W]."""
    return float((video - real).square().mean(dim=(1, 2, 3)).sqrt().mean())


def peak_signal_to_noise(video: Tensor, real: Tensor) -> float:
    """PSNR of a video, clipped to [-1, 1], in dB; at most 100. Both [T, 3, H, W]."""
    error = float((video.clamp(-1, 1) - real).square().mean())
    return 10 * math.log10(4 / max(error, 4e-10))
