r"""Simulated raters: what a study would look like if people were known.

A stimulus on clip j gives worker w the evidence  x = +-d'/2 + u_j + v_i + e  (+ for real clips; u, v, e normal with
deviations `clip_spread`, `item_spread` and 1), and w says "real" where  x > bias + b_w  (b_w normal with deviation
`worker_spread`), but on a share `lapse` of trials tosses a coin. So the rates of the crowd, the truth that an analysis
of pooled votes is to find, are

    H, F = (1 - lapse) Phi( (+-d'/2 - bias) / sqrt(1 + clip_spread^2 + item_spread^2 + worker_spread^2) ) + lapse / 2 .
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from datasets.errors import InputError
from evaluation.study.exclusions import stimulus
from evaluation.study.key import Key
from evaluation.study.votes import SIMULATED

_CATCH = 6.0
"""How far catch trials lie from what is judged: nobody who looks misses one."""


@dataclass(frozen=True)
class Raters:
    """Attributes:
    dprime: how well real and fake can be told apart; 0: not at all.
    bias: evidence that it takes to say "real"; above 0 people lean to "fake".
    lapse: share of answers that are guesses, in [0, 1].
    worker_spread, clip_spread, item_spread: standard deviations, in units of the evidence's noise.
    """

    dprime: float = 0.0
    bias: float = 0.0
    lapse: float = 0.0
    worker_spread: float = 0.0
    clip_spread: float = 0.0
    item_spread: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.lapse <= 1:
            raise InputError(f"--lapse {self.lapse:g}: is not in [0, 1]; choose a share")
        for name in ("worker_spread", "clip_spread", "item_spread"):
            if not 0 <= getattr(self, name) <= 10:
                raise InputError(f"--{name.replace('_', '-')} {getattr(self, name):g}: is not in [0, 10]; change it")
        if not (abs(self.dprime) <= 10 and abs(self.bias) <= 10):
            raise InputError("--dprime, --bias: must be within ±10; change them")

    @property
    def scale(self) -> float:
        """Standard deviation of the evidence over workers, clips and items."""
        return float(np.sqrt(1 + self.worker_spread**2 + self.clip_spread**2 + self.item_spread**2))

    def rates(self) -> tuple[float, float]:
        """The crowd's rates of "real" to fakes and to reals."""
        from scipy.stats import norm

        shifts = (-self.dprime / 2 - self.bias, self.dprime / 2 - self.bias)
        fake, real = ((1 - self.lapse) * float(norm.cdf(s / self.scale)) + self.lapse / 2 for s in shifts)
        return fake, real

    def crowd(self) -> tuple[float, float]:
        """d' and criterion of the crowd: those of `rates`."""
        from scipy.stats import norm

        fake, real = norm.ppf(self.rates())
        return float(real - fake), float(-(real + fake) / 2)


def draw(
    raters: Raters,
    real: np.ndarray,
    workers: np.ndarray,
    clips: np.ndarray,
    items: np.ndarray,
    rng: np.random.Generator,
    studies: int = 1,
) -> np.ndarray:
    """Whether each vote says "real", bool [studies, N].

    Args:
        raters: whose votes.
        real: whether each vote's stimulus is real, bool [N].
        workers, clips, items: numbers from 0 of each vote's worker, clip and stimulus, int [N].
        rng: all draws come from it.
        studies: how many independent studies of this layout.
    """

    def effect(spread: float, of: np.ndarray) -> np.ndarray:
        return spread * rng.standard_normal((studies, int(of.max()) + 1))[:, of]

    evidence = np.where(real, 0.5, -0.5) * raters.dprime - raters.bias
    evidence = evidence + effect(raters.clip_spread, clips) + effect(raters.item_spread, items)
    evidence = evidence - effect(raters.worker_spread, workers) + rng.standard_normal((studies, len(real)))
    lapses = rng.random((studies, len(real))) < raters.lapse
    return np.where(lapses, rng.random((studies, len(real))) < 0.5, evidence > 0)


def simulate(key: Key, raters: Raters, workers: int, seed: int = 0) -> list[dict[str, Any]]:
    """The page's exports of one study, an object a worker and sheet, in the format that its importer reads.

    Every sheet goes to as many workers as the design wants votes, in turn. Catch trials lie so far out that only lapses
    miss them. Everything is played once in full; answers take half a second or more.

    Raises:
        InputError: there are too few workers.
    """
    design = key.design
    sheets = list(key.sheets)
    jobs = len(sheets) * design.votes
    needed = max(design.votes, 1 if design.sheets_per_worker is None else -(-jobs // design.sheets_per_worker))
    if workers < needed:
        raise InputError(f"--workers {workers}: this study needs {needed} or more; raise it")
    rows = [
        (job % workers, sheet, place, item)
        for job, sheet in enumerate(sheet for sheet in sheets for _ in range(design.votes))
        for place, item in enumerate(key.sheets[sheet], 1)
    ]
    shown = [key.items[item] for *_, item in rows]
    clip_of = {clip: index for index, clip in enumerate(dict.fromkeys(item.clip for item in shown))}
    stimulus_of = {what: index for index, what in enumerate(dict.fromkeys(map(stimulus, shown)))}
    worker = np.array([row[0] for row in rows])
    catch = np.array([item.kind == "catch" for item in shown])
    places = (
        worker,
        np.array([clip_of[item.clip] for item in shown]),
        np.array([stimulus_of[stimulus(item)] for item in shown]),
    )
    rng = np.random.default_rng(seed)
    said = draw(raters, np.array([item.truth == "real" for item in shown]), *places, rng)[0]
    obvious = Raters(dprime=_CATCH, lapse=raters.lapse)
    said = np.where(catch, draw(obvious, np.zeros(len(rows), bool), *places, rng)[0], said)
    times = 500 + rng.lognormal(6.5, 0.5, len(rows))
    exports: dict[tuple[int, str], dict[str, Any]] = {}
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, (who, sheet, place, item) in enumerate(rows):
        at = (start + timedelta(seconds=8 * number)).isoformat()
        export = exports.setdefault(
            (who, sheet),
            {
                "format": 1, "study": key.study, "sheet": sheet, "participant": f"simulated-{who + 1:04d}",
                "consent_at": at, "withdrawn": False, "answers": [],
            },
        )  # fmt: skip
        exposure = round(1000 * design.exposure_seconds)
        export["answers"].append(
            {
                "study": key.study, "sheet": sheet, "participant": export["participant"], "item": item,
                "position": place, "phase": "main", "answer": "real" if said[number] else "fake", "plays": 1,
                "exposure_ms": exposure, "total_exposure_ms": exposure, "reaction_ms": round(float(times[number])),
                "dropped_frames": 0, "blurred": 0, "answered_at": at, "page_version": SIMULATED,
            }
        )  # fmt: skip
    return list(exports.values())
