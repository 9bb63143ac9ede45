"""The clip as tensors, at any size of the pyramid."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def resize(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Frames [T, 3, H, W] at another size: bicubic, antialiased when it shrinks, as SinGAN's."""
    if tuple(frames.shape[-2:]) == tuple(size):
        return frames
    return F.interpolate(frames, size=size, mode="bicubic", align_corners=False, antialias=True)


def to_tensor(frames: np.ndarray) -> Tensor:
    """uint8 [T, H, W, 3] to float32 [T, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1


def to_frames(video: Tensor) -> np.ndarray:
    """float [T, 3, H, W] to uint8 [T, H, W, 3]; values outside [-1, 1] are clipped."""
    levels = (video.detach().float().clamp(-1, 1) + 1) * 127.5
    return levels.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
