"""Rocky mountains with snow in the gullies, fog drifting through the valleys and clouds above."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import green
from datasets.synthetic.noise import derive, fbm, ridge, uniform
from datasets.synthetic.sky import cumulus
from datasets.synthetic.terrain import look, slopes, sunlight

# Depths at which sheets of fog hang, back to front.
_SHEETS = (34.0, 24.0, 17.0, 11.0)


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    horizon = uniform(seed, "horizon", 0.48, 0.54)
    peak = uniform(seed, "peak", -0.35, 0.35)

    def mountains(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        rough = fbm(derive(seed, "rough"), 0.075 * depth, 0.075 * across, octaves=8, gain=0.48, shape=ridge)
        big = fbm(derive(seed, "big"), 0.03 * depth, 0.03 * across, octaves=2)
        massif = np.exp(-(((across / depth - peak) / 0.5) ** 2)) * smoothstep(18, 40, depth)
        return 4.2 * rough * (0.35 + 0.65 * smoothstep(6, 26, depth)) + 4 * big + 13 * massif - 1.5

    ground = look(mountains, y, x, horizon=horizon, eye=5.5, near=5.0, far=75)
    along, across = slopes(mountains, ground, 0.003)
    steep = np.hypot(along, across)
    light = sunlight(along, across, (-0.15, -0.8, 0.5))
    grain = fbm(derive(seed, "grain"), 1.3 * ground.depth, 1.3 * ground.across, octaves=4, gain=0.6)
    layers = fbm(derive(seed, "layers"), 2.2 * ground.height + 0.4 * ground.across, 0.2 * ground.across, octaves=4)
    stone = ramp(0.5 + 0.3 * grain + 0.35 * layers, (0, "#453e3a"), (0.5, "#84786d"), (1, "#bfb19f"))
    grass = green(0.42 + 0.3 * grain)
    surface = mix(stone, grass, smoothstep(1.5, 0.9, steep) * smoothstep(5.5, 2.5, ground.height + 1.5 * grain))
    snow = smoothstep(6.0, 8.5, ground.height + 2 * grain) * smoothstep(2.0, 1.1, steep)
    surface = mix(surface, rgb("#f4f6fa"), snow)
    shade = ramp(light, (0, "#3f4a62"), (0.4, "#b0a69c"), (0.9, "#fffaf0")) * 1.35
    solid = mix(surface * shade, rgb("#9db4cc"), 0.75 * (1 - np.exp(-ground.depth / 110)))
    blue = ramp(y / horizon, (0, "#2f64a8"), (0.7, "#8db4d9"), (1, "#cadcea"))

    def frame(time: float) -> np.ndarray:
        clouds = cumulus(derive(seed, "clouds"), y, x, time, horizon=horizon + 0.25, wind=0.4, amount=0.6)
        white = ramp(clouds.light, (0, "#7d8ca0"), (0.5, "#c6ced7"), (1, "#ffffff"))
        picture = np.where(ground.seen[..., None], solid, mix(blue, white, clouds.cover))
        for sheet, depth in enumerate(_SHEETS):
            u, v = x * depth, (y - horizon) * depth
            drift = u - (2.2 + 0.3 * sheet) * time
            wisps = fbm(derive(seed, f"fog {sheet}"), 0.12 * time, 0.3 * v, 0.16 * drift, octaves=5)
            height = 5.5 - v
            fog = smoothstep(-0.15, 0.45, wisps - 0.14 * (height - 2.5)) * smoothstep(0, 3, ground.depth - depth)
            picture = mix(picture, rgb("#e9eef3"), 0.85 * fog)
        return picture

    return frame
