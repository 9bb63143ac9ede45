"""How much of a generated clip is the training clip itself, patch by patch and frame by frame.

SinFusion (Nikankin et al. 2023), section 5, looks up each 3 x 3 x 3 patch of a generated clip in the training clip and
studies the displacements to the nearest ones. A patch whose nearest one lies at its own place and time was learned by
heart rather than composed anew:

    zero displacement = share of patches p of the generated clip with  |x(p) - y(p)| = min over q of |x(p) - y(q)|

    frame distance    = mean over t of  min over s of RMSE(x_t, y_s)  /  mean over s of RMSE(y_s, y_{s+1})

Conventions: the share is taken over patches drawn at random, each looked up exactly among all patches of the training
clip (no index, no approximation); a tie counts as zero displacement. Sums of squares of 8-bit values over 81 voxels
are below 2^24, so float32 holds them exactly. A clip that stands still has no frame distance of its own.
"""

import numpy as np

from datasets.errors import InputError

SIDE = 3
"""Pixels and frames of a patch in each direction."""


def zero_displacement(fake: np.ndarray, real: np.ndarray, patches: int = 2000, seed: int = 0) -> float:
    """Share of the generated clip's patches that are nearest to the training clip's at the same place and time.

    Args:
        fake, real: uint8 [T, H, W, 3] of one shape.
        patches: how many are drawn; the standard error of the share is at most 0.5 / sqrt(patches).
        seed: of the draw.

    Returns:
        A share in [0, 1]; 1 for a copy.

    Raises:
        InputError: the clips differ in shape, or have no patch.
    """
    if fake.shape != real.shape:
        raise InputError(
            f"zero displacement: clips of {list(fake.shape)} and {list(real.shape)}; bring them to one size"
        )
    if min(real.shape[:3]) < SIDE:
        raise InputError(f"zero displacement: a clip of {list(real.shape)} has no patch of {SIDE} frames and pixels")
    queries, keys = _patches(fake), _patches(real)
    places = np.random.default_rng(seed).integers(0, keys.shape[:3], (patches, 3))
    wanted = queries[tuple(places.T)].reshape(patches, -1).astype(np.float32)
    own = _distances(wanted, keys[tuple(places.T)].reshape(patches, -1).astype(np.float32))
    best = np.full(patches, np.inf, np.float32)
    for frame in keys:
        for row in np.array_split(frame, max(1, frame.shape[0] // 16)):
            table = row.reshape(-1, SIDE**3 * 3).astype(np.float32)
            norms = np.einsum("ij,ij->i", table, table)
            best = np.minimum(best, (norms - 2 * wanted @ table.T).min(axis=1))
    best += np.einsum("ij,ij->i", wanted, wanted)
    return float((own <= best).mean())


def frame_distance(fake: np.ndarray, real: np.ndarray) -> float:
    """Distance of generated frames to their nearest training frames, relative to that of consecutive training frames.

    Args:
        fake: uint8 [T, H, W, 3].
        real: uint8 [T', H, W, 3] with at least two frames.

    Returns:
        >= 0; 0 for a copy in any order of frames, about 1 where a frame differs as much as the next one would.

    Raises:
        InputError: the frames differ in size, or the training clip stands still.
    """
    if fake.shape[1:] != real.shape[1:]:
        raise InputError(
            f"frame distance: frames of {list(fake.shape[1:])} and {list(real.shape[1:])}; bring them to one size"
        )
    a, b = fake.reshape(len(fake), -1).astype(np.float64), real.reshape(len(real), -1).astype(np.float64)
    step = np.sqrt(((b[1:] - b[:-1]) ** 2).mean(axis=1)).mean() if len(b) > 1 else 0.0
    if step == 0:
        raise InputError("frame distance: the training clip stands still; there is nothing to compare with")
    nearest = [np.sqrt(((b - frame) ** 2).mean(axis=1)).min() for frame in a]
    return float(np.mean(nearest) / step)


def _patches(frames: np.ndarray) -> np.ndarray:
    """A view [T', H', W', 3, SIDE, SIDE, SIDE] of all patches."""
    return np.lib.stride_tricks.sliding_window_view(frames, (SIDE, SIDE, SIDE), axis=(0, 1, 2))


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((a - b) ** 2).sum(axis=1)
