"""SGFID: the Fréchet distance between two clips' Inception features.

SinGAN-GIF (Arora and Lee 2021), section 4, takes one feature a location and frame, right before the second pooling
layer, of the real and of the generated clip, and compares the two sets as FID does (Heusel et al. 2017, equation 6):

    d(a, b) = |mu_a - mu_b|^2 + tr A + tr B - 2 tr (A B)^{1/2}

Conventions:
- tr (A B)^{1/2} is computed as the nuclear norm of A^{1/2} B^{1/2}, whose singular values are the square roots of the
  eigenvalues of A B. Symmetric square roots exist for singular covariances too; `scipy.linalg.sqrtm` of the product
  gives imaginary parts there, and a distance of a clip to itself that is visibly not zero.
- Rounding can leave a distance of nearly equal clips slightly below zero; it is reported as zero.
- Fewer than `FEW_LOCATIONS` locations on a side: the value is given, and a warning with it.
- Encoders with several members: the mean of the members' distances.
- Never divide the locations into resamples for an interval: neighbours share most of their pixels.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.statistics import Statistics

FEW_LOCATIONS = 1000


def frechet_distance(a: Statistics, b: Statistics) -> float:
    """Squared Fréchet (2-Wasserstein) distance between two Gaussians, >= 0, in squared units of the features.

    Symmetric bit for bit.

    Raises:
        ValueError: the two have different numbers of channels.
    """
    if a.dims != b.dims:
        raise ValueError(f"statistics of {a.dims} and {b.dims} channels have no distance")
    # The singular values of A^{1/2} B^{1/2} and of its transpose agree only up to rounding, so the pair is ordered.
    a, b = sorted((a, b), key=lambda part: (part.mean.tobytes(), part.covariance.tobytes()))
    shift = a.mean - b.mean
    product = _square_root(a.covariance) @ _square_root(b.covariance)
    overlap = np.linalg.svd(product, compute_uv=False).sum()
    return max(0.0, float(shift @ shift + np.trace(a.covariance) + np.trace(b.covariance) - 2 * overlap))


def sgfid(real: Sequence[Statistics], fake: Sequence[Statistics]) -> float:
    """SGFID of a generated clip against its real one: the mean over the encoder's members, >= 0; 0 for a copy.

    Raises:
        ValueError: the two sides have different numbers of members or channels, or none.
    """
    if not real:
        raise ValueError("no statistics")
    return float(np.mean([frechet_distance(a, b) for a, b in zip(real, fake, strict=True)]))


def few_locations(*statistics: Statistics) -> str:
    """A warning if a side has fewer than FEW_LOCATIONS feature locations, else an empty text."""
    least = min(part.count for part in statistics)
    if least >= FEW_LOCATIONS:
        return ""
    return f"only {least} feature locations: the covariance of {statistics[0].dims} channels is unreliable"


def _square_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    # Rounding makes eigenvalues of a singular covariance slightly negative.
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
