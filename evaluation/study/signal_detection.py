r"""Can people tell real from generated, apart from how readily they say "real"?

With H the rate of "real" to real clips and F that to fakes, z the normal quantile (Green and Swets 1966),

    d' = z(H) - z(F)            c = -(z(H) + z(F)) / 2 .

d' is 0 where nobody can tell; c is above 0 where people lean to "fake". Both rates are corrected log-linearly,
(y + 1/2) / (n + 1), always and not only where one is 0 or 1 (Hautus 1995). Votes are pooled over people, so both are
those of the crowd: people who differ, lapse or find clips unequally hard bring d' nearer to 0 than any one person's.

Intervals take derivatives 1 / phi(z(r)) through the two-way clustered spread (`evaluation.study.rates`): the reals of
nine clips are nine stimuli, however many votes there are, and the interval knows.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.study.rates import LEVEL, Cells, Estimate, quantile, spread

FAKE, REAL = 0, 1


@dataclass(frozen=True)
class Detection:
    """Attributes:
    dprime, criterion: as above.
    gap: H - F without correction; 0 where nobody can tell, and 1 at best.
    """

    dprime: Estimate
    criterion: Estimate
    gap: Estimate


def detection(cells: Cells, level: float = LEVEL) -> Detection:
    """d', criterion and H - F of one study.

    Args:
        cells: groups FAKE and REAL, each with votes; yes is [2, W, C].
        level: of confidence.
    """
    dprime, criterion, low, high = ends(cells, level)
    n = int(cells.count.sum())
    gap = float(cells.rates()[REAL] - cells.rates()[FAKE])
    found = spread(cells, np.array([-1.0, 1.0]))
    reach = float(quantile(found, (1 + level) / 2) * found.error)
    return Detection(
        Estimate(float(dprime), float(low[0]), float(high[0]), n),
        Estimate(float(criterion), float(low[1]), float(high[1]), n),
        Estimate(gap, max(gap - reach, -1.0), min(gap + reach, 1.0), n),
    )


def ends(cells: Cells, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """d' and c, each float64 [...], and the ends of their intervals, each float64 [2, ...]."""
    from scipy.stats import norm

    z = norm.ppf(cells.shrunk())
    slope = 1 / norm.pdf(z)
    values = np.stack([z[..., REAL] - z[..., FAKE], -(z[..., REAL] + z[..., FAKE]) / 2])
    signs = np.array([[-1.0, 1.0], [-0.5, -0.5]])
    reaches = []
    for sign in signs:
        found = spread(cells, slope * sign)
        reaches.append(quantile(found, (1 + level) / 2) * found.error)
    reach = np.stack(reaches)
    return values[0], values[1], values - reach, values + reach
