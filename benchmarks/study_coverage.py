"""How often do a study's intervals hold the truth?

    python benchmarks/study_coverage.py [--studies 500] [--seed 0] [--json FILE]

Simulates studies of known raters (`evaluation.study.raters`) in several layouts, and counts how often each interval of
`evaluation.study` holds the true value of the crowd; and how often the equivalence test, at a rate on the edge of its
margin, wrongly shows equivalence. 95 % and 5 % are wanted; with 500 studies the counts themselves are sure to 2 points.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from datasets.files import write_json
from evaluation.study.agreement import alpha_interval
from evaluation.study.power import Size, at_rate
from evaluation.study.raters import Raters, draw
from evaluation.study.rates import Cells, clustered_rate, equivalence, pigeonhole, tabulate, wilson
from evaluation.study.signal_detection import ends

MARGIN = 0.10
INDEPENDENT = Raters()
CLUSTERED = Raters(worker_spread=0.3, clip_spread=0.3, item_spread=0.3)
HARD_CLIPS = Raters(worker_spread=0.3, clip_spread=0.6, item_spread=0.3)


@dataclass(frozen=True)
class Case:
    """Attributes:
    size: of the study; a sheet has one fake a clip.
    raters: but for the bias, which `rate` decides.
    rate: of fakes judged real.
    workers: how many people judge in turn; None: people of its own for every sheet.
    """

    size: Size
    raters: Raters
    rate: float
    workers: int | None = None


CASES: Mapping[str, Case] = {
    "independent votes": Case(Size(9, 10, 3), INDEPENDENT, 0.49),
    "9 clips": Case(Size(9, 10, 3), CLUSTERED, 0.49),
    "9 clips, clips differ much": Case(Size(9, 10, 3), HARD_CLIPS, 0.49),
    "9 clips, people differ much": Case(Size(9, 10, 3), Raters(worker_spread=0.6, clip_spread=0.1), 0.49),
    "9 clips, rate 15 %": Case(Size(9, 10, 3), CLUSTERED, 0.15),
    "9 clips, 9 people judge all": Case(Size(9, 10, 3), CLUSTERED, 0.49, 9),
    "9 clips, 3 people judge all": Case(Size(9, 10, 3), CLUSTERED, 0.49, 3),
    "5 clips": Case(Size(5, 10, 3), CLUSTERED, 0.49),
    "3 clips": Case(Size(3, 10, 3), CLUSTERED, 0.49),
    "3 clips, rate 15 %": Case(Size(3, 10, 3), CLUSTERED, 0.15),
}  # fmt: skip


def measure(case: Case, studies: int, seed: int) -> dict[str, float]:
    """Shares of studies whose intervals hold the truth, mean widths, and wrong equivalences."""
    rng = np.random.default_rng(seed)
    raters = at_rate(case.raters, case.rate)
    cells, said, clips, items = _study(case, raters, studies, rng)
    found: dict[str, float] = {}

    def count(name: str, low: np.ndarray, high: np.ndarray, truth: float) -> None:
        found[name] = float(np.mean((low <= truth) & (truth <= high)))
        found[f"{name}_width"] = float(np.mean(high - low))

    n = said.shape[1]
    by_count = {k: wilson(k, n) for k in sorted(set(said.sum(1)))}
    count("wilson", *(np.array([getattr(by_count[k], end) for k in said.sum(1)]) for end in ("low", "high")), case.rate)
    count("clustered", *clustered_rate(cells), case.rate)
    count("bootstrap", *pigeonhole(cells, seed=seed), case.rate)
    at_edge, *_ = _study(case, at_rate(case.raters, 0.5 + MARGIN), studies, rng)
    found["wrongly_equivalent"] = float((equivalence(at_edge, MARGIN)[0] < 0.05).mean())
    count("alpha", *_alphas(said, clips, items, min(studies, 100)), _true_alpha(raters))
    seen = Raters(dprime=0.8, bias=0.1, lapse=0.02, **{f"{k}_spread": getattr(raters, f"{k}_spread") for k in _PARTS})
    _, _, low, high = ends(_with_reals(case, seen, studies, rng))
    for index, (name, truth) in enumerate(zip(("dprime", "criterion"), seen.crowd(), strict=True)):
        count(name, low[index], high[index], truth)
    return found


_PARTS = ("worker", "clip", "item")


def _places(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    workers, clips, items = case.size.layout()
    return (workers if case.workers is None else workers % case.workers), clips, items


def _study(case: Case, raters: Raters, studies: int, rng: np.random.Generator) -> tuple[Cells, np.ndarray, ...]:
    workers, clips, items = _places(case)
    said = draw(raters, np.zeros(len(clips), bool), workers, clips, items, rng, studies)
    return tabulate(said, workers, clips), said, clips, items


def _with_reals(case: Case, raters: Raters, studies: int, rng: np.random.Generator) -> Cells:
    """Every sheet has the real clips too: one stimulus a clip, however many sheets show it."""
    workers, clips, items = _places(case)
    real = np.repeat([False, True], len(clips))
    all_items = np.concatenate([items, items.max() + 1 + clips])
    said = draw(raters, real, np.tile(workers, 2), np.tile(clips, 2), all_items, rng, studies)
    return tabulate(said, np.tile(workers, 2), np.tile(clips, 2), real.astype(int))


def _alphas(said: np.ndarray, clips: np.ndarray, items: np.ndarray, studies: int) -> tuple[np.ndarray, np.ndarray]:
    """The intervals of the first studies."""
    _, first = np.unique(items, return_index=True)
    votes = np.bincount(items)
    found = []
    for row in said[:studies]:
        yes = np.bincount(items, weights=row)
        found.append(alpha_interval(np.column_stack([yes, votes - yes]), list(clips[first]), resamples=1000))
    return np.array([one.low for one in found]), np.array([one.high for one in found])


def _true_alpha(raters: Raters) -> float:
    """The correlation of two people's votes on a stimulus."""
    from evaluation.study.power import covariance

    rate = raters.rates()[0]
    return covariance(raters, "item") / (rate * (1 - rate))


def rows(studies: int, seed: int) -> Iterator[dict[str, Any]]:
    """A row a case."""
    for name, case in CASES.items():
        yield {"case": name, "studies": studies, **measure(case, studies, seed)}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = []
    shown = ("wilson", "clustered", "bootstrap", "dprime", "criterion", "alpha", "wrongly_equivalent")
    print(f"{'':30}" + "".join(f"{name:>20}" for name in shown))
    for row in rows(options.studies, options.seed):
        found.append(row)
        cells = (f"{row[n]:.1%}" + (f" (±{row[f'{n}_width'] / 2:.3f})" if f"{n}_width" in row else "") for n in shown)
        print(f"{row['case']:30}" + "".join(f"{cell:>20}" for cell in cells), flush=True)
    if options.json:
        write_json(options.json, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
