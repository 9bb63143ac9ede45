"""Colours of the scenes: everything is computed in linear light and encoded as sRGB at the very end.

Encoding and decoding follow IEC 61966-2-1. Arrays of colours are float32 [..., 3].
"""

import numpy as np


def decode(srgb: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] to linear light."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode(linear: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] to sRGB in [0, 1]."""
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)


def tone(linear: np.ndarray, knee: float = 0.6) -> np.ndarray:
    """Roll highlights off above `knee`, so that glare ends in [0, 1) as on film instead of being cut."""
    over = np.maximum(linear - knee, 0)
    return np.where(linear < knee, np.maximum(linear, 0), knee + (1 - knee) * (1 - np.exp(-over / (1 - knee))))


def rgb(code: str) -> np.ndarray:
    """'#rrggbb' as a linear colour, float32 [3]."""
    return decode(np.frombuffer(bytes.fromhex(code.removeprefix("#")), dtype=np.uint8) / 255)


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between; `low` > `high` falls instead of rising."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Colours `first` [..., 3] at weight 0, `second` [..., 3] at weight 1; `weight` has no colour axis."""
    return first + np.asarray(weight, dtype=np.float32)[..., None] * (second - first)


def ramp(value: np.ndarray, *stops: tuple[float, str]) -> np.ndarray:
    """A gradient through colours at increasing positions, constant outside: [...] to [..., 3]."""
    positions = [position for position, _ in stops]
    colours = np.stack([rgb(code) for _, code in stops])
    channels = [np.interp(value, positions, colours[:, c]).astype(np.float32) for c in range(3)]
    return np.stack(channels, axis=-1)
