"""NNFDIV and NNFDIST: how the nearest patches of a generated clip lie in the training clip, and how far they are.

SinFusion (Nikankin et al. 2023), section 5, looks up every 3 x 3 x 3 patch p of the generated clip in the training clip
(`evaluation.nearest`) and takes from the nearest-neighbour field x(p) -> y(p)

    NNFDIV  = bytes of zlib(field of y - x) / bytes of the field        NNFDIST = mean over p of |p - q(y(p))|^2 / 81

NNFDIV tells large copied pieces, whose field is constant, from patches composed anew; NNFDIST tells whether these are
the clip's at all. High diversity is worth something only where the distance is low.

Conventions: displacements of frame, row and column are little-endian int16, each component as a plane of its own in the
order of the field's places, zlib level 9. A constant field, as of a copy at its own place or moved, comes to less than
0.01. Noise comes to 0.4 (8 frames of 48 x 85) or 0.5 (168 x 298), not 1: displacements fill but a part of 16 bits.
A field over every step-th row and column compresses less well than a dense one: compare values of equal size and step.
Distances are over the 81 values of a patch, colours included.
"""

import zlib

import numpy as np

from datasets.errors import InputError
from evaluation.nearest import Matches

PATCH = (3, 3, 3)
"""Frames, rows and columns of the patches that SinFusion looks up."""


def nnf_diversity(field: Matches) -> float:
    """NNFDIV in (0, 1], about 0.5 at most in practice; the more, the fewer large pieces of the training clip.

    Args:
        field: of a regular grid of patches of the generated clip, found in the training clip.

    Raises:
        InputError: the matches are of given places, not of a grid.
    """
    if field.grid is None:
        raise InputError("NNFDIV: places of a list have no field; search the whole clip, or every step-th place of it")
    # Places are below 2^15 in every direction that a clip can have, so their differences fit.
    raw = np.ascontiguousarray((field.place - field.query).T, dtype="<i2").tobytes()
    # zlib adds some bytes to what it cannot compress.
    return min(1.0, len(zlib.compress(raw, 9)) / len(raw))


def nnf_distance(field: Matches) -> float:
    """NNFDIST in grey levels squared, >= 0; 0 for a clip all of whose patches are the training clip's."""
    return float(field.distance.mean(dtype=np.float64))
