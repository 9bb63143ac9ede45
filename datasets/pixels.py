"""Pixels: any decoded picture as 8-bit RGB."""

import numpy as np


def to_rgb(pixels: np.ndarray) -> np.ndarray:
    """RGB uint8 [..., H, W, 3] from grey [..., H, W] or [..., H, W, 1], RGB or RGBA; transparency becomes white.

    Args:
        pixels: uint8; or uint16 grey, of which the upper 8 bits are kept. [H, W] and [T, H, W] are grey.
    """
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.shape[-1] not in (1, 3, 4) or pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[-1] == 1:
        return np.repeat(pixels, 3, axis=-1)
    if pixels.shape[-1] == 3:
        return pixels
    return _over_white(pixels[..., :3], pixels[..., 3:])


def _over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """colour * alpha + white * (1 - alpha), rounded to the nearest; 255 * 255 + 127 still fits into 16 bits."""
    if alpha.min() == 255:
        return np.ascontiguousarray(colour)
    weight = alpha.astype(np.uint16)
    return ((colour * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)
