"""Stems with random weights from fixed seeds: an encoder that needs no file.

Weights are normal with variance 2 / fan-in (He et al. 2015, arXiv:1502.01852, equation 10), which keeps the scale of
the features at that of the input through all five layers; biases are zero. One random network sees some differences
and is blind to others, so distances are averaged over several.
"""

import math

import numpy as np

from evaluation.encoders.weights import SHAPES, StemWeights

SEEDS = (0, 1, 2, 3)


def random_stem(seed: int) -> StemWeights:
    """The stem that belongs to `seed`; the same bytes on every machine."""
    # The stream of RandomState is frozen by NumPy's policy (NEP 19); that of Generator may change with a release.
    generator = np.random.RandomState(seed)
    stem: dict[str, np.ndarray] = {}
    for name, shape in SHAPES.items():
        if name.endswith(".weight"):
            stem[name] = (generator.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))).astype(np.float32)
        else:
            stem[name] = np.zeros(shape, np.float32)
    return stem
