"""Noise that is a function of position: the same seed gives the same landscape at every resolution.

Values sit on an integer lattice and are made by hashing (seed, lattice point), so nothing is stored and nothing is
drawn in order. Every function takes coordinates that broadcast against each other and computes in float32.
Gradient noise follows K. Perlin, "Improving Noise" (2002); cellular noise S. Worley, "A Cellular Texture Basis
Function" (1996).
"""

import zlib
from collections.abc import Callable
from itertools import product

import numpy as np

Shape = Callable[[np.ndarray], np.ndarray]

# Odd constants, so that multiplication by them permutes the 32-bit integers.
_AXES = tuple(np.uint32(constant) for constant in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))
_MASK = 0xFFFFFFFF


def derive(seed: int, name: str) -> int:
    """A 32-bit seed for the part `name` of a scene; parts with different names are independent."""
    return zlib.crc32(f"{seed}/{name}".encode())


def uniform(seed: int, name: str, low: float, high: float) -> float:
    """One number in [low, high), fixed by seed and name: the free choices of a scene's composition."""
    return low + (high - low) * int(_scramble(np.array([derive(seed, name)], dtype=np.uint32))[0]) / 2**32


def scatter(seed: int, index: np.ndarray) -> np.ndarray:
    """A number in [0, 1) for every integer of `index`, float32."""
    index = np.asarray(index)
    keys = np.atleast_1d(index).astype(np.int64).astype(np.uint32) * _AXES[0] + np.uint32(seed & _MASK)
    return ((_scramble(keys) >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)).reshape(index.shape)


def _scramble(keys: np.ndarray) -> np.ndarray:
    """An integer hash with good avalanche (C. Wellons' lowbias32). uint32 in, uint32 out, in place."""
    keys ^= keys >> np.uint32(16)
    keys *= np.uint32(0x7FEB352D)
    keys ^= keys >> np.uint32(15)
    keys *= np.uint32(0x846CA68B)
    keys ^= keys >> np.uint32(16)
    return keys


def _lattice(points: tuple[np.ndarray | float, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Split coordinates into the hash contribution of their lower lattice point (uint32) and the remainder [0, 1)."""
    keys, remainders = [], []
    for point, axis in zip(points, _AXES, strict=False):
        # At least one dimension: NumPy warns of overflow, which is wanted here, for scalars.
        point = np.atleast_1d(np.asarray(point, dtype=np.float32))
        floor = np.floor(point)
        keys.append(floor.astype(np.int64).astype(np.uint32) * axis)
        remainders.append(point - floor)
    return keys, remainders


def _corner(seed: int, keys: list[np.ndarray], steps: tuple[int, ...]) -> np.ndarray:
    """The hash of the lattice point `steps` away from the lower one."""
    offset = (seed + sum(step * int(axis) for step, axis in zip(steps, _AXES, strict=False))) & _MASK
    total = keys[0] + np.uint32(offset)
    for key in keys[1:]:
        total = total + key
    return _scramble(total)


def _unit_circle(count: int) -> np.ndarray:
    angles = (np.arange(count) + 0.5) * (2 * np.pi / count)
    return np.stack([np.sin(angles), np.cos(angles)]).astype(np.float32)


def _unit_sphere(count: int) -> np.ndarray:
    """Directions spread evenly over the sphere (a Fibonacci spiral)."""
    height = 1 - (2 * np.arange(count) + 1) / count
    angles = np.arange(count) * np.pi * (3 - np.sqrt(5))
    radius = np.sqrt(1 - height**2)
    return np.stack([height, radius * np.sin(angles), radius * np.cos(angles)]).astype(np.float32)


_GRADIENTS = {1: np.float32([[-1.0] * 16 + [1.0] * 16]), 2: _unit_circle(32), 3: _unit_sphere(32)}
# Brings the standard deviation of the noise to about a third in every dimension, with a range within about [-1, 1].
_SCALE = {1: np.float32(1.4), 2: np.float32(1.5), 3: np.float32(1.6)}


def noise(seed: int, *points: np.ndarray | float) -> np.ndarray:
    """Gradient noise in 1, 2 or 3 dimensions: smooth, mean 0, about [-1, 1], one feature a unit.

    Args:
        seed: which noise.
        points: the coordinates, one array or number a dimension, broadcasting against each other.

    Returns:
        float32, of the broadcast shape.
    """
    keys, remainders = _lattice(points)
    dimensions = len(points)
    fades = [r * r * r * (r * (r * np.float32(6) - np.float32(15)) + np.float32(10)) for r in remainders]
    gradients = _GRADIENTS[dimensions]
    values = []
    for steps in product((0, 1), repeat=dimensions):
        index = (_corner(seed, keys, steps) >> np.uint32(27)).astype(np.intp)
        ramps = (
            gradients[d].take(index) * (remainder - np.float32(step))
            for d, (remainder, step) in enumerate(zip(remainders, steps, strict=True))
        )
        values.append(sum(ramps))
    # Interpolate along the last dimension first: neighbours in `values` differ in its step.
    for fade in reversed(fades):
        values = [low + fade * (high - low) for low, high in zip(values[::2], values[1::2], strict=True)]
    return values[0] * _SCALE[dimensions]


def plain(value: np.ndarray) -> np.ndarray:
    """fBm's usual octave: soft hills and hollows."""
    return value


def ridge(value: np.ndarray) -> np.ndarray:
    """Sharp crests: mountain ridges, rock, water caustics. Keeps about [-1, 1]."""
    return 1 - 3 * np.abs(value)


def billow(value: np.ndarray) -> np.ndarray:
    """Round lumps with creases between them: cumulus, foliage. Keeps about [-1, 1]."""
    return 3 * np.abs(value) - 1


def fbm(
    seed: int,
    *points: np.ndarray | float,
    octaves: int = 5,
    gain: float = 0.5,
    lacunarity: float = 2.03,
    shape: Shape = plain,
) -> np.ndarray:
    """Fractal noise: `octaves` layers, each `lacunarity` times finer and `gain` times weaker. About [-1, 1].

    Every octave has its own seed. `shape` is applied to each octave (`plain`, `ridge` or `billow`).
    """
    total: np.ndarray | float = 0.0
    weight, weights, frequency = 1.0, 0.0, 1.0
    for octave in range(octaves):
        layer = noise(seed + 0x632BE5 * octave, *(np.asarray(p) * np.float32(frequency) for p in points))
        total = total + np.float32(weight) * shape(layer)
        weights += weight
        weight *= gain
        frequency *= lacunarity
    return np.asarray(total / np.float32(weights))


def cells(seed: int, y: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cellular noise: one random point in every unit square of the plane.

    Returns:
        `nearest`, `second`: float32 distances to the two nearest points (`second - nearest` is 0 on the border
        between two cells); `up`: the signed height of the position above its nearest point; `label`: a number in
        [0, 1) that belongs to that point.
    """
    keys, (fy, fx) = _lattice((y, x))
    shape = np.broadcast_shapes(fy.shape, fx.shape)
    nearest = np.full(shape, 9, dtype=np.float32)
    second = nearest.copy()
    up = np.zeros(shape, dtype=np.float32)
    label = np.zeros(shape, dtype=np.uint32)
    for step_y, step_x in product((-1, 0, 1), repeat=2):
        key = _corner(seed, keys, (step_y, step_x))
        dy = np.float32(step_y) - fy + (key & np.uint32(0xFFFF)).astype(np.float32) * np.float32(2**-16)
        dx = np.float32(step_x) - fx + (key >> np.uint32(16)).astype(np.float32) * np.float32(2**-16)
        squared = dy * dy + dx * dx
        closer = squared < nearest
        second = np.where(closer, nearest, np.minimum(second, squared))
        nearest = np.where(closer, squared, nearest)
        up = np.where(closer, dy, up)
        label = np.where(closer, key, label)
    # The label must not follow the position of the point, which came from the same bits: hash once more.
    numbers = (_scramble(label) >> np.uint32(8)).astype(np.float32) * np.float32(2**-24)
    return np.sqrt(nearest), np.sqrt(second), up, numbers
