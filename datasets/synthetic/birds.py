"""A flock of birds crossing a morning sky over misty hills."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic.colour import mix, ramp, rgb, smoothstep
from datasets.synthetic.foliage import conifers, green, leaves
from datasets.synthetic.noise import derive, fbm, scatter, uniform
from datasets.synthetic.sky import cumulus

# The flock repeats itself after this width, so that the sky is never empty, however long the clip.
_REPEAT = 2.6
_COUNT = 24
# Ranges of hills, back to front: the mean row of the skyline, its rise and fall, and how near it is (0 to 1).
_RANGES = ((0.72, 0.12, 0.12), (0.79, 0.08, 0.4), (0.88, 0.06, 0.7), (0.98, 0.06, 1.0))


def scene(seed: int, y: np.ndarray, x: np.ndarray) -> Callable[[float], np.ndarray]:
    """Prepare the scene for image rows y [H, 1] and columns x [1, W].

    Returns:
        `frame(time in seconds)`: linear light, float32 [H, W, 3].
    """
    horizon = 0.8
    way = 1 if uniform(seed, "way", 0, 1) < 0.5 else -1
    air = ramp(y / horizon, (0, "#5f8fc4"), (0.4, "#a3bfd6"), (0.75, "#f0d9bd"), (1, "#f7c894"))
    hills, mask = _hills(seed, y, x)

    def frame(time: float) -> np.ndarray:
        clouds = cumulus(derive(seed, "clouds"), y, x, time, horizon=horizon, wind=0.22 * way, amount=0.58)
        white = ramp(clouds.light, (0, "#8d8ea6"), (0.4, "#d9c3bb"), (1, "#fff6e8"))
        picture = mix(mix(air, white, 0.9 * clouds.cover), hills, mask)
        for bird in range(_COUNT):
            _draw_bird(picture, seed, bird, y, x, time, way)
        return picture

    return frame


def _hills(seed: int, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranges of wooded hills with mist between them: linear [H, W, 3], and where they stand [H, W]."""
    picture = np.broadcast_to(rgb("#f3d2ab"), (*np.broadcast_shapes(y.shape, x.shape), 3))
    total = np.zeros(picture.shape[:2], dtype=np.float32)
    for layer, (base, rise, near) in enumerate(_RANGES):
        own = derive(seed, f"range {layer}")
        top = base - rise * fbm(derive(own, "top"), (1.4 + 0.5 * layer) * x, octaves=5)
        wood, shine = conifers(own, y, x, foot=top + 0.03, height=0.05 + 0.11 * near, spacing=0.012 + 0.03 * near)
        fill = smoothstep(-0.002, 0.002, y - top)
        size = 0.012 + 0.012 * near
        crowns = leaves(own, y, x, size=size, light=0.45 - 1.2 * (y - top))
        dark = mix(green(crowns), green(0.15 + 0.5 * shine), wood * smoothstep(0.06, 0.0, y - top))
        colour = mix(rgb("#c9b3a0"), dark, 0.3 + 0.7 * near)
        mist = smoothstep(0.0, 0.12, y - top + 0.05 * fbm(derive(own, "mist"), 9 * y, 4 * x)) * (0.6 - 0.5 * near)
        colour = mix(colour, rgb("#f0d6b8"), mist)
        here = np.maximum(wood, fill)
        picture = mix(picture, colour, here)
        total = np.maximum(total, here)
    return picture, total


def _draw_bird(picture: np.ndarray, seed: int, bird: int, y: np.ndarray, x: np.ndarray, time: float, way: int) -> None:
    """Paint bird number `bird`, and its repetitions to the left and right, into `picture` [H, W, 3]."""
    traits = [float(scatter(derive(seed, name), np.array(bird))) for name in ("size", "x", "y", "beat", "bob", "tone")]
    span = 0.055 + 0.085 * traits[0] ** 2
    # What is near looks larger and passes faster.
    speed = 0.12 + 1.6 * span
    beat = 2 * np.pi * (0.95 + 0.25 * traits[3])
    flap = float(np.sin(beat * time + 6.3 * traits[4]))
    middle = 0.08 + 0.58 * traits[2] - 0.12 * span * flap + 0.012 * float(np.sin(0.9 * time + 6.3 * traits[5]))
    place = way * (traits[1] * _REPEAT + speed * time)
    first = int(np.floor((x[0, 0] - span - place) / _REPEAT))
    last = int(np.ceil((x[0, -1] + span - place) / _REPEAT))
    for repeat in range(first, last + 1):
        centre = place + repeat * _REPEAT
        rows = slice(*np.searchsorted(y[:, 0], (middle - span, middle + span)))
        columns = slice(*np.searchsorted(x[0], (centre - span, centre + span)))
        if rows.start < rows.stop and columns.start < columns.stop:
            shape = _silhouette((middle - y[rows]) / span, way * (x[:, columns] - centre) / span, flap)
            dark = rgb("#14161c") + 0.05 * traits[5]
            picture[rows, columns] = mix(picture[rows, columns], dark, shape)


def _silhouette(up: np.ndarray, ahead: np.ndarray, flap: float) -> np.ndarray:
    """The cover, in [0, 1], of a bird with a wing span of about 2, seen from the side and a little below.

    Args:
        up, ahead: position relative to the bird. flap: -1 wings down, 1 wings up.
    """
    body = np.hypot((ahead - 0.08) / 0.42, (up + 0.03 * ahead) / 0.1) - 1
    tail = np.maximum(np.abs(ahead + 0.45) / 0.2, np.abs(up + 0.02) / 0.06) - 1
    shape = np.minimum(0.1 * body, 0.06 * tail)
    for side in (1, -1):
        # The far wing is foreshortened.
        reach = 0.75 if side > 0 else 0.55
        lift = flap * reach - side * 0.2
        elbow = (0.42 * lift + 0.06, 0.12 - side * 0.12)
        tip = (elbow[0] + 0.7 * lift - 0.08, -0.08 - side * 0.34)
        shape = np.minimum(shape, _limb(up, ahead, (0.03, 0.12), elbow, 0.14, 0.12))
        shape = np.minimum(shape, _limb(up, ahead, elbow, tip, 0.12, 0.01))
    return smoothstep(0.015, -0.015, shape)


def _limb(
    up: np.ndarray,
    ahead: np.ndarray,
    start: tuple[float, float],
    end: tuple[float, float],
    thick: float,
    thin: float,
) -> np.ndarray:
    """Signed distance to a segment from `start` to `end` that tapers from `thick` to `thin`."""
    dy, dx = end[0] - start[0], end[1] - start[1]
    along = np.clip(((up - start[0]) * dy + (ahead - start[1]) * dx) / (dy * dy + dx * dx), 0, 1)
    return np.hypot(up - start[0] - along * dy, ahead - start[1] - along * dx) - (thick + (thin - thick) * along)
