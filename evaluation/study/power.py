r"""How large a study must be, before it is made.

Layout: S sheets of one fake a clip, each judged by V people of its own, C clips; N = C S V votes. Raters as in
`evaluation.study.raters`, with rho_x the share of squared spread x in the evidence's variance and mu = z(p). Two votes
that share what gives them a correlation rho have the covariance  g(rho) = Phi_2(mu, mu; rho) - p^2, so that

    Var(rate) = ( p (1 - p) + (C-1) g(rho_worker) + (V-1) g(rho_clip + rho_item) + (S-1) V g(rho_clip) ) / N

exactly. With se = sqrt(Var) / (p (1 - p)) on the logit scale, edge = logit(1/2 + margin), theta = logit(p), t the
quantile with the degrees of freedom df that the two clusterings have on average (`evaluation.study.rates`), and s^2 the
estimate of se^2, taken as se^2 chi^2_df / df and independent of the rate,

    power of the equivalence test  =  E_s max(0, Phi((edge - t_95 s - theta) / se) - Phi((-edge + t_95 s - theta) / se))
    power to see p is not 1/2      =  E_s [ Phi((|theta| - t_97.5 s) / se) + Phi((-|theta| - t_97.5 s) / se) ] .

`simulated_power` approximates nothing: it draws studies and analyses each. The two differ by a few points, most where
there are few clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datasets.errors import InputError
from evaluation.study.raters import Raters, draw
from evaluation.study.rates import Cells, clustered_rate, equivalence, tabulate

COLUMNS = (
    *("clips", "samples", "votes", "items", "total_votes", "workers", "half_width"),
    *("power_equivalence", "power_difference"),
)
_VOTES_AT_ONCE = 2_000_000
_MOST_VOTES = 100_000


@dataclass(frozen=True)
class Size:
    """A study's size: clips, fakes a clip (one a sheet), votes an item (so many people a sheet). All at least 1."""

    clips: int
    samples: int
    votes: int

    def layout(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Worker, clip and item of each vote, numbers from 0, int [N]."""
        clip, sample, vote = (part.ravel() for part in np.indices((self.clips, self.samples, self.votes)))
        return sample * self.votes + vote, clip, clip * self.samples + sample


@dataclass(frozen=True)
class Power:
    """Attributes:
    half_width: of the 95 % clustered interval of a rate of 1/2, as a rate.
    equivalence: chance that the study shows its rate to be within the margin of 1/2.
    difference: chance that it shows its rate not to be 1/2, where it is `apart` from it.
    """

    half_width: float
    equivalence: float
    difference: float


def power(size: Size, raters: Raters, margin: float, apart: float) -> Power:
    """The closed form.

    Args:
        size: at least two clips.
        raters: their `rates()[0]` is the true rate for the equivalence test.
        margin: of the equivalence test, in (0, 1/2).
        apart: how far from 1/2 the true rate is, for the test of a difference, in (0, 1/2).
    """
    from scipy.special import expit, logit
    from scipy.stats import norm, t

    error, freedom = logit_error(size, raters, raters.rates()[0])
    theta, edge = logit(raters.rates()[0]), logit(0.5 + margin)
    room = edge - t.ppf(0.95, freedom) * _estimates(error, freedom)
    shown = np.maximum(norm.cdf((room - theta) / error) - norm.cdf((-room - theta) / error), 0).mean()
    error, freedom = logit_error(size, raters, 0.5 - apart)
    theta, reach = logit(0.5 + apart), t.ppf(0.975, freedom) * _estimates(error, freedom)
    seen = (norm.cdf((theta - reach) / error) + norm.cdf((-theta - reach) / error)).mean()
    error, freedom = logit_error(size, raters, 0.5)
    return Power(float(expit(t.ppf(0.975, freedom) * error) - 0.5), float(shown), float(seen))


def simulated_power(
    size: Size, raters: Raters, margin: float, apart: float, *, studies: int = 1000, seed: int = 0
) -> Power:
    """The same from so many simulated studies, each analysed; the half width is their mean one."""
    workers, clips, items = size.layout()
    fakes = np.zeros(len(clips), bool)
    rng = np.random.default_rng(seed)
    shown, seen, halves = [], [], []
    for count in np.diff(np.append(np.arange(0, studies, max(1, _VOTES_AT_ONCE // len(clips))), studies)):

        def cells(rate: float, count: int = int(count)) -> Cells:
            return tabulate(draw(at_rate(raters, rate), fakes, workers, clips, items, rng, count), workers, clips)

        shown.append(equivalence(cells(raters.rates()[0]), margin)[0] < 0.05)
        low, high = clustered_rate(cells(0.5 - apart))
        seen.append((low > 0.5) | (high < 0.5))
        low, high = clustered_rate(cells(0.5))
        halves.append((high - low) / 2)
    return Power(*(float(np.concatenate(part).mean()) for part in (halves, shown, seen)))


def at_rate(raters: Raters, rate: float) -> Raters:
    """The same people and clips with another rate of "real" to fakes, by the bias; d' is taken as 0.

    Raises:
        InputError: lapses leave no such rate.
    """
    from scipy.stats import norm

    share = (rate - raters.lapse / 2) / (1 - raters.lapse) if raters.lapse < 1 else -1.0
    if not 0 < share < 1:
        raise InputError(f"a rate of {rate:g} cannot be had with lapses of {raters.lapse:g}; choose fewer lapses")
    spreads = {name: getattr(raters, f"{name}_spread") for name in ("worker", "clip", "item")}
    return Raters(
        bias=float(-norm.ppf(share) * raters.scale),
        lapse=raters.lapse,
        **{f"{k}_spread": v for k, v in spreads.items()},
    )


def power_table(
    clips: Sequence[int],
    samples: Sequence[int],
    votes: Sequence[int],
    raters: Raters,
    margin: float,
    apart: float,
    *,
    studies: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """The power of every size, with the columns `COLUMNS`: from so many simulated studies, or closed where that is 0.

    Raises:
        InputError: a number is out of its range.
    """
    for name, given, least in (("clips", clips, 2), ("samples", samples, 1), ("votes", votes, 1)):
        if bad := [one for one in given if not least <= one <= 1000]:
            raise InputError(f"--{name} {bad[0]}: must be {least} to 1000; change it")
    if max(clips) * max(samples) * max(votes) > _MOST_VOTES:
        raise InputError(f"--clips, --samples, --votes: a study of more than {_MOST_VOTES} votes; choose fewer")
    for name, value in (("margin", margin), ("apart", apart)):
        if not 0 < value < 0.5:
            raise InputError(f"--{name} {value:g}: must be between 0 and 0.5; change it")
    rows = []
    for size in (Size(c, s, v) for c in clips for s in samples for v in votes):
        if studies:
            found = simulated_power(size, raters, margin, apart, studies=studies, seed=seed)
        else:
            found = power(size, raters, margin, apart)
        items = size.clips * size.samples
        rows.append(
            (
                size.clips, size.samples, size.votes, items, items * size.votes, size.samples * size.votes,
                found.half_width, found.equivalence, found.difference,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def logit_error(size: Size, raters: Raters, rate: float) -> tuple[float, float]:
    """Standard error of the logit of the rate, and the degrees of freedom, where the true rate is `rate`."""
    count = size.clips * size.samples * size.votes
    at = at_rate(raters, rate)
    worker, clip, item = (covariance(at, part) for part in ("worker", "clip", "item"))
    own = rate * (1 - rate)
    by_worker = (own + (size.clips - 1) * worker) / count
    by_clip = (own + (size.votes - 1) * item + (size.samples - 1) * size.votes * clip) / count
    variance = by_worker + by_clip - own / count
    people = size.samples * size.votes
    below = by_clip**2 / (size.clips - 1) + (by_worker**2 / (people - 1) if people > 1 else 0)
    freedom = max(variance**2 / below, min(people, size.clips) - 1, 1)
    return float(np.sqrt(variance) / own), float(freedom)


def _estimates(error: float, freedom: float, points: int = 400) -> np.ndarray:
    """Equally likely estimates of a standard error, float64 [points]."""
    from scipy.stats import chi2

    return error * np.sqrt(chi2.ppf((np.arange(points) + 0.5) / points, freedom) / freedom)


def covariance(raters: Raters, shared: str) -> float:
    """Of two votes that share a worker, a clip, or clip and item."""
    from scipy.stats import multivariate_normal, norm

    parts = {"worker": ("worker",), "clip": ("clip",), "item": ("clip", "item")}[shared]
    correlation = sum(getattr(raters, f"{part}_spread") ** 2 for part in parts) / raters.scale**2
    mean = -raters.bias / raters.scale
    both = multivariate_normal.cdf([mean, mean], cov=[[1, correlation], [correlation, 1]], allow_singular=True)
    # Of lapses nothing is shared.
    return (1 - raters.lapse) ** 2 * (float(both) - float(norm.cdf(mean)) ** 2)
