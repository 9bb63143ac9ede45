r"""Rates of "real", and how sure they are.

Independent items, k of n: the score interval (Wilson 1927, Newcombe 1998a), and for the difference of two such rates
p1 - p2 with score intervals [l, u] Newcombe's hybrid (1998b, method 10)

    ( p1 - p2 - sqrt((p1 - l1)^2 + (u2 - p2)^2) ,  p1 - p2 + sqrt((u1 - p1)^2 + (p2 - l2)^2) ) .

Votes are not independent: a person leans to one answer, and a clip is hard or easy for everybody. With groups k of
votes (fakes; fakes and reals), y_k[w, c] times "real" out of n_k[w, c] votes of worker w on clip c, r_k = y_k / n_k and
any smooth f(r), the influence of a cell and the two-way cluster-robust variance (Cameron, Gelbach and Miller 2011) are

    e[w, c] = sum_k  df/dr_k  (y_k[w, c] - r_k n_k[w, c]) / n_k
    V_w = W/(W-1) sum_w (sum_c e)^2     V_c = C/(C-1) sum_c (sum_w e)^2     V_wc = M/(M-1) sum_wc e^2
    V   = max(V_w + V_c - V_wc, V_w, V_c, sum_k (df/dr_k)^2 r_k (1 - r_k) / n_k)

over W workers, C clips and M cells with votes: never below either clustering alone (MacKinnon, Nielsen and Webb 2024)
nor below independent votes. Intervals are f +- t sqrt(V); f of a single rate is its logit, and the degrees of freedom

    df = max( (V_w + V_c - V_wc)^2 / (V_w^2 / (W-1) + V_c^2 / (C-1)),  min(W, C) - 1 )             (Satterthwaite 1946)

because with nine clips normal quantiles are too small. r_k in df/dr_k and in logits is (y + 1/2) / (n + 1).

The worker x clip bootstrap is the pigeonhole bootstrap (Owen 2007): it draws workers and clips with replacement, each
on its own, and a vote counts as often as its worker times its clip was drawn. Its percentile interval stands beside the
other. It needs no variance formula, but is far too wide where votes hardly cluster, and gives no test.
`benchmarks/study_coverage.py` measures both. Bootstrap-t intervals were tried: as good with nine clips, but on three
they covered as little as 80 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; NaN where one is not defined. `n` is what it is over."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Cells:
    """Votes by group, worker and clip.

    Attributes:
        yes: how often "real", float64 [..., K, W, C]; leading axes are studies of one layout.
        count: of how many votes, float64 [K, W, C].
    """

    yes: np.ndarray
    count: np.ndarray

    def rates(self) -> np.ndarray:
        """Of each group, float64 [..., K]; NaN without votes."""
        with np.errstate(invalid="ignore"):
            return self.yes.sum((-2, -1)) / self.count.sum((-2, -1))

    def shrunk(self) -> np.ndarray:
        """Rates moved off 0 and 1, (y + 1/2) / (n + 1), float64 [..., K] (Hautus 1995)."""
        return (self.yes.sum((-2, -1)) + 0.5) / (self.count.sum((-2, -1)) + 1)


@dataclass(frozen=True)
class Spread:
    """Standard error and degrees of freedom of a function of rates, each a number or float64 [...]."""

    error: np.ndarray
    freedom: np.ndarray


def tabulate(real: np.ndarray, workers: Sequence[str], clips: Sequence[str], groups: np.ndarray | None = None) -> Cells:
    """Cells of votes.

    Args:
        real: whether "real" was said, bool or 0/1, [..., N].
        workers, clips: of each vote, N of any hashable kind.
        groups: of each vote, int [N] from 0 to K - 1; by default all are of one.
    """
    real = np.asarray(real, dtype=np.float64)
    w, c = (np.unique(np.asarray(names), return_inverse=True)[1] for names in (workers, clips))
    k = np.zeros(len(w), dtype=int) if groups is None else np.asarray(groups)
    shape = (int(k.max()) + 1, int(w.max()) + 1, int(c.max()) + 1)
    place = np.ravel_multi_index((k, w, c), shape)
    size = int(np.prod(shape))
    count = np.bincount(place, minlength=size).astype(np.float64).reshape(shape)
    flat = real.reshape(-1, real.shape[-1])
    yes = np.stack([np.bincount(place, weights=row, minlength=size) for row in flat])
    return Cells(yes.reshape(*real.shape[:-1], *shape), count)


def wilson(k: int, n: int, level: float = LEVEL) -> Estimate:
    """k of n independent ones with the score interval; NaN for n = 0."""
    from scipy.stats import binomtest

    if n == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    interval = binomtest(int(k), int(n)).proportion_ci(level, method="wilson")
    return Estimate(k / n, float(interval.low), float(interval.high), int(n))


def difference(k1: int, n1: int, k2: int, n2: int, level: float = LEVEL) -> Estimate:
    """k1 / n1 - k2 / n2 of independent ones with Newcombe's hybrid score interval; n1 and n2 above 0."""
    one, two = wilson(k1, n1, level), wilson(k2, n2, level)
    value = one.value - two.value
    low = value - np.hypot(one.value - one.low, two.high - two.value)
    high = value + np.hypot(one.high - one.value, two.value - two.low)
    return Estimate(float(value), float(low), float(high), n1 + n2)


def spread(cells: Cells, gradient: np.ndarray) -> Spread:
    """The two-way clustered spread of a function of the rates.

    Args:
        cells: at least two workers or two clips with votes; else the error is NaN.
        gradient: its derivatives with respect to each rate, float64 [..., K].
    """
    totals = cells.count.sum((-2, -1))
    rates = cells.rates()
    weights = (gradient / totals)[..., None, None]
    influence = (weights * (cells.yes - rates[..., None, None] * cells.count)).sum(-3)
    there = cells.count.sum(0) > 0
    w, c, m = int(there.any(1).sum()), int(there.any(0).sum()), int(there.sum())
    workers = _sum_of_squares(influence.sum(-1), w)
    clips = _sum_of_squares(influence.sum(-2), c)
    both = _sum_of_squares(influence.reshape(*influence.shape[:-2], -1), m)
    q = cells.shrunk()
    floor = (gradient**2 * q * (1 - q) / totals).sum(-1)
    if w < 2 or c < 2:
        # One worker or one clip: what can be seen is the other clustering alone.
        least, raw = max(w, c) - 1, np.where(w < 2, clips, workers)
        error = np.sqrt(np.maximum(raw, floor)) if least else np.full_like(floor, np.nan)
        return Spread(error, np.full_like(floor, max(least, 1)))
    raw = np.maximum.reduce([workers + clips - both, workers, clips])
    below = workers**2 / (w - 1) + clips**2 / (c - 1)
    freedom = np.divide(raw**2, below, out=np.zeros_like(raw), where=below > 0)
    return Spread(np.sqrt(np.maximum(raw, floor)), np.maximum(freedom, min(w, c) - 1))


def clustered_rate(cells: Cells, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the clustered interval of the rate of group 0, each float64 [...] in [0, 1]."""
    centre, found = _logit(cells)
    reach = quantile(found, (1 + level) / 2) * found.error
    return _inverse_logit(centre - reach), _inverse_logit(centre + reach)


def equivalence(cells: Cells, margin: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two one-sided tests (Schuirmann 1987) that the rate of group 0 lies within 1/2 +- margin.

    Returns:
        p and the ends of the clustered 90 % interval, each float64 [...]: p < 0.05 exactly where that interval lies
        within the margin.
    """
    from scipy.stats import t

    centre, found = _logit(cells)
    edge = np.log((0.5 + margin) / (0.5 - margin))
    above = t.sf((centre + edge) / found.error, found.freedom)
    below = t.cdf((centre - edge) / found.error, found.freedom)
    return np.maximum(above, below), *clustered_rate(cells, 0.9)


def pigeonhole(
    cells: Cells, *, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the pigeonhole bootstrap's percentile interval of the rate of group 0, each float64 [...].

    Resamples that drew no vote are left out; studies share their draws. NaN where neither can be resampled.
    """
    there = cells.count[0] > 0
    yes, count = (part[..., there.any(1), :][..., there.any(0)] for part in (cells.yes[..., 0, :, :], cells.count[0]))
    w, c = count.shape
    if w < 2 and c < 2:
        nothing = np.full(yes.shape[:-2], np.nan)
        return nothing, nothing
    rng = np.random.default_rng(seed)
    workers = rng.multinomial(w, np.full(w, 1 / w), resamples).astype(np.float64)
    clips = rng.multinomial(c, np.full(c, 1 / c), resamples).astype(np.float64)
    drawn = ((workers @ count) * clips).sum(-1)
    said = ((workers @ yes) * clips).sum(-1)
    kept = drawn > 0
    low, high = np.quantile(said[..., kept] / drawn[kept], [(1 - level) / 2, (1 + level) / 2], axis=-1)
    return low, high


def quantile(found: Spread, share: float) -> np.ndarray:
    """Student's quantile with the spread's degrees of freedom."""
    from scipy.stats import t

    return t.ppf(share, found.freedom)


def _logit(cells: Cells) -> tuple[np.ndarray, Spread]:
    """Logit of the rate of group 0, and its spread."""
    own = Cells(cells.yes[..., :1, :, :], cells.count[:1])
    q = own.shrunk()
    return np.log(q / (1 - q))[..., 0], spread(own, 1 / (q * (1 - q)))


def _inverse_logit(x: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return expit(x)


def _sum_of_squares(influence: np.ndarray, clusters: int) -> np.ndarray:
    """Over the last axis, with the small-sample factor of so many clusters."""
    return (influence**2).sum(-1) * (clusters / (clusters - 1) if clusters > 1 else 1.0)
