"""A beach from the air: turquoise water, waves running in and breaking, foam washing up the sand, rocks and palms."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import green, leaves
from datasets.synthetic.noise import cells, derive, fbm, noise, ridge, uniform

# Seconds between waves, and the distance between their crests in image heights.
_PERIOD, _SPACING = 2.2, 0.3
# How far up the beach the water runs, in image heights.
_RUN_UP = 0.1


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    tilt = uniform(seed, "tilt", 0.1, 0.3) * (1 if uniform(seed, "way", 0, 1) < 0.5 else -1)
    middle = uniform(seed, "middle", 0.6, 0.68)
    bays = 0.1 * noise(derive(seed, "bays"), 1.6 * x) + 0.015 * fbm(derive(seed, "cusps"), 6 * x, octaves=3)
    # Distance out to sea from the resting water line; negative on the beach.
    out = middle + tilt * x + bays - y

    reef = fbm(derive(seed, "reef"), 4 * y, 4 * x, octaves=6, gain=0.6)
    deep = out + 0.2 * reef
    bottom = ramp(deep, (-0.05, "#a8d8c4"), (0.05, "#4fbfb0"), (0.25, "#12959a"), (0.5, "#0a6a80"), (0.8, "#08465f"))
    bottom = mix(bottom, rgb("#06323f"), 0.75 * smoothstep(0.12, 0.5, reef) * smoothstep(0.1, 0.3, out))
    grain = fbm(derive(seed, "grain"), 40 * y, 40 * x, octaves=4, gain=0.7)
    dunes = fbm(derive(seed, "dunes"), 5 * y, 5 * x, octaves=4)
    dry = ramp(0.5 + 0.5 * grain + 0.6 * dunes, (0, "#b8946a"), (0.5, "#e6cda4"), (1, "#f7e8cb"))
    wet = ramp(0.5 + 0.3 * grain + 0.4 * dunes, (0, "#8c6f4f"), (1, "#bb9c75"))

    stone, height = _rocks(seed, y, x, out)
    palms = leaves(derive(seed, "palms"), y, x, size=0.018, light=0.5)
    bush = -out - 0.24 + 0.12 * fbm(derive(seed, "bush"), 5 * y, 5 * x, octaves=5, gain=0.6)
    shade = 1 - 0.5 * smoothstep(-0.07, 0.0, bush)

    def frame(time: float) -> np.ndarray:
        # Waves bend a little on their way in, and no two are quite alike.
        bend = 0.3 * noise(derive(seed, "bend"), 0.25 * time, 1.5 * out, 2 * x)
        phase = out / _SPACING + time / _PERIOD + bend
        lace = fbm(derive(seed, "lace"), 0.4 * time, 11 * (out + 0.05 * time), 10 * x, octaves=5, gain=0.6, shape=ridge)
        water, surf = _surf(seed, y, x, time, out, phase, bottom)
        front = out - _run_up(seed, x, time)
        edge = 1.3 * np.exp(-np.maximum(front, 0) / 0.02) - 0.2 + 0.4 * lace
        # Surf also gathers where the water meets rocks.
        surge = 0.0125 * (1 + np.sin(2 * np.pi * phase))
        around = smoothstep(-0.06, -0.005, height - surge) - 0.5 + 0.7 * lace
        foam = np.maximum(np.maximum(surf + 0.5 * lace, edge), around)

        beach = mix(wet, dry, smoothstep(-0.06, -0.15, out + 0.02 * dunes)) * shade[..., None]
        film = smoothstep(-0.004, 0.006, front) * smoothstep(-0.12, 0.02, out)
        picture = mix(beach, water, np.where(out > 0.02, 1, 0.75 * film))
        picture = mix(picture, rgb("#f6fbfb"), 0.95 * smoothstep(0.1, 0.75, foam) * smoothstep(-0.003, 0.004, front))
        picture = mix(picture, stone, smoothstep(-0.006, 0.006, height))
        sway = 0.005 * noise(derive(seed, "breeze"), 1.2 * time, 3 * y, 3 * x)
        return mix(picture, green(palms + 20 * sway * (palms - 0.4)), smoothstep(-0.005, 0.01, bush + sway))

    return frame


def _surf(
    seed: int,
    y: np.ndarray,
    x: np.ndarray,
    time: float,
    out: np.ndarray,
    phase: np.ndarray,
    bottom: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The waves, over a sea floor of colour `bottom`.

    Args:
        out: distance out to sea. phase: which wave, counted from a fixed place; whole numbers at the crests.

    Returns:
        The colour of the water, linear [H, W, 3]; and how much it foams [H, W].
    """
    behind = phase - np.floor(phase)
    shoaling = smoothstep(0.75, 0.05, out)
    ripples = fbm(derive(seed, "ripples"), 0.7 * time, 13 * (out + 0.12 * time), 11 * x, octaves=4, gain=0.6)
    net = fbm(derive(seed, "net"), 0.5 * time, 9 * y, 9 * x, octaves=2, shape=ridge)
    water = bottom * (1 + 0.35 * ripples + 0.3 * np.maximum(net, 0) * smoothstep(0.4, 0.0, out))[..., None]
    # The face of a wave, ahead of its crest, is dark; its back catches the sky.
    face = smoothstep(0.75, 0.97, behind) * smoothstep(1.0, 0.97, behind)
    back = np.exp(-behind / 0.12) * smoothstep(0, 0.02, behind)
    water = water * (1 - 0.35 * face * shoaling)[..., None]
    water = water + (0.1 * back * shoaling + 0.1 * np.maximum(ripples - 0.3, 0))[..., None]
    breaking = smoothstep(0.42, 0.08, out + 0.25 * noise(derive(seed, "break"), 0.2 * time, 3 * x))
    return water, breaking * (1.5 * np.exp(-behind / 0.16) + 0.35) - 0.35


def _run_up(seed: int, x: np.ndarray, time: float) -> np.ndarray:
    """Where the water's edge is, as a distance out to sea [1, W]: each wave throws a sheet of water up the beach, that
    drains slowly."""
    wave = time / _PERIOD + 0.3 * noise(derive(seed, "bend"), 0.25 * time, 0.0, 2 * x)
    since = wave - np.floor(wave)
    reach = _RUN_UP * (1 + 0.5 * noise(derive(seed, "reach"), np.floor(wave), 3 * x))
    return 0.012 * noise(derive(seed, "tongues"), 9 * x) - reach * np.sin(np.pi * since**0.6)


def _rocks(seed: int, y: np.ndarray, x: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boulders in groups, most of them along the water line.

    Returns:
        Their colour, linear [H, W, 3]; and their height [H, W], which is above 0 where a rock stands.
    """
    wobble = 0.02 * fbm(derive(seed, "wobble"), 9 * y, 9 * x, octaves=4)
    group = fbm(derive(seed, "group"), 1.7 * y, 1.7 * x, octaves=4)
    big, _, above, label = cells(derive(seed, "boulders"), 11 * (y + wobble), 9 * (x - wobble))
    where = group - 0.2 - 0.9 * np.abs(out - 0.04)
    height = 0.35 * np.minimum(where + 0.15, 0.3) + 0.09 * (0.7 - big) - 0.03
    crack = fbm(derive(seed, "crack"), 18 * y, 9 * (x + 0.5 * y), octaves=5, gain=0.6, shape=ridge)
    tone = 0.55 + 0.5 * above - 0.35 * smoothstep(0.35, 0.75, big) + 0.2 * crack + 0.3 * (label - 0.5)
    return ramp(tone, (0, "#15130f"), (0.4, "#5d564a"), (0.7, "#a99f8c"), (1, "#e3dac6")), height
