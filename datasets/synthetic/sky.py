"""Clouds on a plane above the camera, seen in perspective and carried by the wind."""

from typing import NamedTuple

import numpy as np

from datasets.synthetic.colour import smoothstep
from datasets.synthetic.noise import billow, derive, fbm


class Clouds(NamedTuple):
    """A layer of clouds over an image [H, W].

    Attributes:
        cover: float32 [H, W] in [0, 1], how much of the sky behind is hidden.
        light: float32 [H, W] in [0, 1], how brightly the side that we see is lit.
    """

    cover: np.ndarray
    light: np.ndarray


def cumulus(
    seed: int,
    y: np.ndarray,
    x: np.ndarray,
    time: float,
    *,
    horizon: float,
    wind: float,
    amount: float = 0.5,
    size: float = 1.0,
    change: float = 0.06,
) -> Clouds:
    """Heaped clouds: lumpy, bright where they face the sun (up and to the left), grey below.

    Args:
        horizon: the row where the plane of clouds meets the ground; above the rows in use.
        wind: sideways speed on the plane, in units a second (the plane is one unit high above the camera).
        amount: 0 is a clear sky, 1 overcast. size: of the clouds. change: how fast their shape changes.
    """
    # The floor keeps clouds at the horizon from shrinking to less than can be resolved.
    distance = 1 / (np.maximum(horizon - y, 0) + 0.18)
    across, along = (x * distance - wind * time) / size, 1.9 * distance / size

    def density(down: float, right: float) -> np.ndarray:
        v, u = along + down, across + right
        heap = fbm(derive(seed, "heap"), change * time, v, u, octaves=3, gain=0.45)
        lumps = fbm(derive(seed, "lump"), 2 * change * time, 2.7 * v, 2.7 * u, octaves=4, shape=billow)
        return heap + 0.22 * lumps + 0.9 * (amount - 0.5)

    here = density(0, 0)
    towards_sun = density(0.16, -0.16)
    cover = smoothstep(0.0, 0.16, here)
    light = np.exp(-2.6 * np.clip(towards_sun, 0, 1)) * (1 - 0.35 * smoothstep(0.1, 0.7, here))
    return Clouds(cover, light.astype(np.float32))


def cirrus(
    seed: int,
    y: np.ndarray,
    x: np.ndarray,
    time: float,
    *,
    horizon: float,
    wind: float,
    amount: float = 0.5,
    change: float = 0.03,
) -> np.ndarray:
    """The cover, float32 [H, W] in [0, 1], of thin high clouds combed into streaks. Arguments as for `cumulus`."""
    distance = 1 / (np.maximum(horizon - y, 0) + 0.18)
    across, along = x * distance - wind * time, 1.5 * distance
    bend = fbm(derive(seed, "bend"), 0.5 * along, 0.5 * across, octaves=2)
    streaks = fbm(
        derive(seed, "cirrus"),
        change * time,
        1.6 * along + 1.6 * bend,
        0.55 * across + bend,
        octaves=6,
        gain=0.6,
    )
    return smoothstep(0.0, 0.6, streaks + 0.9 * (amount - 0.5)) * (0.6 + 0.4 * amount)
