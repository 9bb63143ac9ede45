"""Wind over a desert: rippled dunes before red rocks, blown sand, cloud shadows and thin clouds."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.noise import derive, fbm, noise, ridge, uniform
from datasets.synthetic.sky import cirrus
from datasets.synthetic.terrain import look, slopes, sunlight


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    horizon = uniform(seed, "horizon", 0.5, 0.56)
    butte = uniform(seed, "butte", -0.25, 0.35)

    def dunes(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        # Long crests across the wind; the domain is bent so that they meander.
        bend = 1.2 * noise(derive(seed, "bend"), 0.12 * depth, 0.12 * across)
        swell = noise(derive(seed, "swell"), 0.2 * depth + 0.3 * bend, 0.13 * across + bend)
        fold = noise(derive(seed, "crest"), 0.22 * depth + 0.5 * bend, 0.09 * across + 0.5 * bend)
        crest = 1 - 2 * np.sqrt(fold * fold + 0.003)
        return 0.55 * crest + 0.5 * swell + 0.5 * smoothstep(14, 40, depth)

    def rocks(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        away = np.abs(across / depth - butte)
        mass = smoothstep(0.62, 0.05, away + 0.2 * fbm(derive(seed, "mass"), 0.05 * depth, 0.09 * across, octaves=3))
        rough = fbm(derive(seed, "rough"), 0.12 * depth, 0.12 * across, octaves=6, shape=ridge)
        # Terraces: hard layers stand as steps.
        height = 14 * mass * (0.75 + 0.3 * rough)
        steps = height + 0.8 * np.sin(height * 2.2)
        return steps * smoothstep(34, 46, depth) - 6 * smoothstep(46, 70, depth)

    def land(depth: np.ndarray, across: np.ndarray) -> np.ndarray:
        return dunes(depth, across) + rocks(depth, across)

    ground = look(land, y, x, horizon=horizon, eye=2.6, near=2.5, far=70)
    along, across = slopes(land, ground, 0.004)
    # Ripples are too fine for the height field: they only tilt the surface.
    bent = ground.depth + 0.35 * fbm(derive(seed, "ripples"), 0.8 * ground.depth, 0.8 * ground.across, octaves=3)
    ripple = np.sin(2 * np.pi * 3.2 * (bent + 0.25 * ground.across)) * smoothstep(11, 4, ground.depth)
    light = sunlight(along + 0.3 * ripple, across, (0.05, -0.9, 0.38))
    rock = smoothstep(0.3, 1.2, rocks(ground.depth, ground.across))
    grain = fbm(derive(seed, "grain"), 3 * ground.depth, 6 * ground.across, octaves=5, gain=0.65)
    sand = ramp(0.5 + 0.5 * grain, (0, "#c28446"), (0.5, "#e0a968"), (1, "#f5d09a"))
    layers = fbm(derive(seed, "layers"), 1.6 * ground.height, 0.08 * ground.across, octaves=5, gain=0.6)
    stone = ramp(0.5 + 0.6 * layers, (0, "#7a3319"), (0.4, "#b0512a"), (0.7, "#cc7238"), (1, "#e6a166"))
    surface = mix(sand, stone, rock)
    blue = ramp(y / horizon, (0, "#4b6f9c"), (0.6, "#8ba3bd"), (1, "#c9cfd2"))
    shade = ramp(light, (0, "#5b4650"), (0.3, "#937f78"), (0.9, "#fffaf0")) * 1.3

    def frame(time: float) -> np.ndarray:
        clouds = cirrus(derive(seed, "clouds"), y, x, time, horizon=horizon, wind=0.25, amount=0.7)
        sky = mix(blue, rgb("#eeebe6"), clouds)
        shadow = fbm(derive(seed, "shadow"), 0.12 * ground.depth, 0.12 * ground.across - 0.3 * time, octaves=3)
        sun = 1 - 0.55 * smoothstep(0.0, 0.25, shadow)
        picture = surface * shade * sun[..., None]
        picture = mix(picture, rgb("#cdbfae"), 0.6 * (1 - np.exp(-ground.depth / 130)))
        # Sand snakes over the dunes, close to the ground.
        u = ground.across - 2.2 * time
        blown = fbm(derive(seed, "blown"), 0.4 * time, 1.6 * ground.depth, 0.45 * u, octaves=4, gain=0.6)
        dust = smoothstep(0.1, 0.6, blown) * smoothstep(40, 8, ground.depth)
        picture = mix(picture, rgb("#efd3a8") * sun[..., None], 0.6 * dust)
        return np.where(ground.seen[..., None], picture, sky)

    return frame
