"""The sun going down over the sea: clouds lit from below and a glittering path on the water."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.noise import derive, fbm, ridge, uniform

# How fast the sun sinks, in image heights a second: time-lapse.
_SINKING = 0.045


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    horizon = uniform(seed, "horizon", 0.6, 0.66)
    sun_x = uniform(seed, "sun x", -0.3, 0.3)
    start = horizon - uniform(seed, "sun y", 0.16, 0.2)
    wind = uniform(seed, "wind", 0.22, 0.3) * (1 if uniform(seed, "way", 0, 1) < 0.5 else -1)

    sea = y > horizon
    near = 1 / (np.maximum(y - horizon, 0) + 0.035)
    shore = horizon - np.maximum(0.1 * fbm(derive(seed, "cape"), 2.2 * x, octaves=6) + 0.12 * (np.abs(x) - 0.75), 0)
    cape = (y > shore) & ~sea
    rock_top = 1.12 - 0.25 * np.abs(x + 0.25 * np.sign(sun_x)) + 0.16 * fbm(derive(seed, "rocks"), 3.5 * x, octaves=5)
    rocks = smoothstep(-0.003, 0.003, y - rock_top)
    crag = fbm(derive(seed, "crag"), 9 * y, 9 * x, octaves=5, gain=0.6, shape=ridge)
    stone = ramp(crag + 1.5 * (rock_top - y), (-0.6, "#120b10"), (0.2, "#3a2426"), (0.8, "#8f5a3c"))

    def frame(time: float) -> np.ndarray:
        sun_y = start + _SINKING * time
        day = float(smoothstep(horizon + 0.25, horizon - 0.2, np.float32(sun_y)))
        u, v = x * near, 1.3 * near + 1.1 * time
        swell = fbm(derive(seed, "swell"), 0.35 * time, 0.6 * v, 0.35 * u, octaves=5, gain=0.6)
        chop = fbm(derive(seed, "chop"), 0.8 * time, 2.2 * v, 1.1 * u, octaves=4, gain=0.65)
        # The sea mirrors the sky; its slopes shift what is mirrored, up and down more than sideways.
        calm = np.where(sea, smoothstep(0, 0.05, y - horizon), 0)
        row = np.where(sea, horizon - 0.75 * (y - horizon) - calm * (0.12 * swell + 0.1 * chop), y)
        column = x + 0.05 * calm * swell
        picture = _sky(seed, row, column, time, horizon, sun_y, sun_x, wind, day)
        spread = 0.03 + 0.2 * np.maximum(y - horizon, 0)
        path = np.exp(-(((x - sun_x) / spread) ** 2)) * smoothstep(-0.1, 0.5, 0.5 * swell + chop) * calm * day
        water = picture * (0.5 + 0.25 * swell + 0.3 * chop)[..., None] + path[..., None] * rgb("#ffb45e") * 1.6
        picture = np.where(sea[..., None], water, picture)
        haze = mix(rgb("#4a2a3c"), rgb("#d9713f"), np.exp(-(((x - sun_x) / 0.35) ** 2)) * day)
        picture = np.where(cape[..., None], haze * (0.75 + 0.4 * crag)[..., None] * (0.25 + 0.5 * day), picture)
        return mix(picture, stone * (0.35 + 0.65 * day), rocks)

    return frame


def _sky(
    seed: int,
    y: np.ndarray,
    x: np.ndarray,
    time: float,
    horizon: float,
    sun_y: float,
    sun_x: float,
    wind: float,
    day: float,
) -> np.ndarray:
    """The evening sky with the sun and lit clouds: linear [H, W, 3]."""
    up = (horizon - y) / horizon
    clear = ramp(up, (0, "#f7a04b"), (0.15, "#f08a54"), (0.4, "#b46a78"), (0.7, "#5d5486"), (1, "#2c3568"))
    away = np.hypot(y - sun_y, 0.8 * (x - sun_x))
    glow = np.exp(-away / 0.16)
    disc = smoothstep(0.05, 0.044, np.hypot(y - sun_y, x - sun_x))
    clear = clear + glow[..., None] * rgb("#ffb050") * 0.9 + disc[..., None] * rgb("#fff0b0") * 2.5
    distance = 1 / (np.maximum(horizon - y, 0) + 0.16)
    u, v = x * distance - wind * time, 1.6 * distance
    bend = 0.5 * fbm(derive(seed, "bend"), 0.7 * v, 0.4 * u, octaves=2)
    bank = fbm(derive(seed, "bank"), 0.05 * time, 1.1 * v + bend, 0.45 * u + bend, octaves=6, gain=0.55)
    cover = smoothstep(-0.12, 0.22, bank)
    # Thin edges let the sun through, thick cores are dark; near the sun the light is yellow, further off red.
    lit = (0.25 + 0.75 * np.exp(-away / 0.45)) * (1.15 - 1.2 * smoothstep(0.0, 0.5, bank))
    cloud = ramp(lit, (0, "#3b2a47"), (0.25, "#7d4457"), (0.5, "#d8654a"), (0.8, "#ff9f4f"), (1.1, "#ffe09a"))
    return mix(clear, cloud * 1.15, 0.92 * cover) * (0.25 + 0.75 * day)
