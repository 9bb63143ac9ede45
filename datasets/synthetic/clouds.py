"""Fair-weather clouds drifting over a low green horizon."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.noise import cells, derive, fbm, uniform
from datasets.synthetic.sky import cirrus, cumulus
from datasets.synthetic.terrain import look, slopes, sunlight


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    horizon = uniform(seed, "horizon", 0.8, 0.86)
    wind = uniform(seed, "wind", 0.35, 0.5) * (1 if uniform(seed, "way", 0, 1) < 0.5 else -1)

    def hills(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        return 2.6 * fbm(derive(seed, "hills"), 0.04 * depth, 0.04 * across, octaves=5) + 0.02 * depth - 0.3

    ground = look(hills, y, x, horizon=horizon, eye=1.6, near=2.0, far=120)
    light = 0.35 + 0.8 * sunlight(*slopes(hills, ground, 0.01), (0.2, -0.7, 0.5))
    _, _, _, tree = cells(derive(seed, "trees"), 0.9 * ground.depth, 2.2 * ground.across)
    fields = fbm(derive(seed, "fields"), 0.12 * ground.depth, 0.12 * ground.across, octaves=5)
    meadow = ramp(fields, (-0.5, "#3d5227"), (-0.1, "#5d7a33"), (0.15, "#7f9144"), (0.5, "#a59a55"))
    wood = ramp(tree, (0, "#1f3319"), (1, "#415a2a"))
    land = mix(meadow, wood, smoothstep(0.0, 0.1, fbm(derive(seed, "wood"), 0.2 * ground.depth, 0.2 * ground.across)))
    land = land * light[..., None]
    land = mix(land, rgb("#a9c0d2"), 1 - np.exp(-ground.depth / 60))

    blue = ramp(y / horizon, (0, "#1f5fae"), (0.5, "#5b97d3"), (0.9, "#b5d3e8"), (1, "#d5e3ea"))

    def frame(time: float) -> np.ndarray:
        veil = cirrus(derive(seed, "high"), y, x, time, horizon=horizon, wind=0.4 * wind, amount=0.35)
        heaps = cumulus(derive(seed, "low"), y, x, time, horizon=horizon, wind=wind, amount=0.6)
        sky = mix(blue, rgb("#e8eff5"), 0.6 * veil)
        white = ramp(heaps.light, (0, "#76889c"), (0.5, "#c3ccd6"), (1, "#ffffff"))
        white = mix(white, rgb("#cfdfea"), smoothstep(0.6, 1.0, y / horizon) * 0.6)
        return np.where(ground.seen[..., None], land, mix(sky, white, heaps.cover))

    return frame
