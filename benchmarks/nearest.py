"""What does it cost to find the nearest patches, and how often is it the nearest? Approximate search against all pairs.

    python benchmarks/nearest.py REAL FAKE [FAKE …] [--frames 8] [--patch 3 7 7] [--threads 1] [--queries 2000]
        [--json FILE]

Every patch of each FAKE is looked up in REAL with `PatchIndex`, the index made anew (its time counts); random ones of
them are then looked up among all pairs in the same process. Recall: share of these whose distance is the nearest's.
Excess: the mean distance over the exact mean, less 1. Naive time: that of the random ones times the number of patches
over theirs, so extrapolated, not measured.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from datasets.decode import read_video
from datasets.files import write_json
from evaluation.nearest import PatchIndex


def measure(
    real: np.ndarray, fake: np.ndarray, patch: tuple[int, int, int], threads: int, queries: int
) -> dict[str, float]:
    """Time and quality of the approximate search for all patches of `fake`, uint8 [T, H, W, 3] both."""
    began, began_cpu = time.perf_counter(), time.process_time()
    found = PatchIndex(real, patch).search(fake, method="approximate", threads=threads)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    count = len(found.distance)
    chosen = np.random.default_rng(0).choice(count, min(queries, count), replace=False)
    index = PatchIndex(real, patch)
    began = time.perf_counter()
    exact = index.search(fake, places=found.query[chosen], method="exact", threads=threads)
    naive = (time.perf_counter() - began) * count / len(chosen)
    distance = found.distance[chosen]
    return {
        "queries": count,
        "keys": int(np.prod(index.shape)),
        "checked": len(chosen),
        "seconds": seconds,
        "cpu_seconds": cpu,
        "naive_seconds_extrapolated": naive,
        "times": naive / seconds,
        "recall": float((distance <= exact.distance).mean()),
        "excess": float(distance.mean(dtype=np.float64) / max(exact.distance.mean(dtype=np.float64), 1e-9) - 1),
    }


def show(name: str, row: dict[str, float]) -> str:
    """One line of a measurement."""
    return (
        f"{name}: {row['queries']:,} patches among {row['keys']:,}: {row['seconds']:.1f} s ({row['cpu_seconds']:.1f} s "
        f"of processor), {row['times']:.0f} x faster than all pairs (extrapolated from {row['checked']:,}); recall "
        f"{row['recall']:.3f}, mean distance {row['excess']:+.2%}"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real", type=Path)
    parser.add_argument("fakes", type=Path, nargs="+", metavar="fake")
    parser.add_argument("--frames", type=int, default=8, metavar="N", help="the first so many frames of each clip")
    parser.add_argument("--patch", type=int, nargs=3, default=(3, 7, 7), metavar="N", help="frames, rows, columns")
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument("--queries", type=int, default=2000, metavar="N", help="how many are looked up exactly")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    real, rows = read_video(options.real, first=options.frames).frames, {}
    for path in options.fakes:
        fake = read_video(path, first=options.frames).frames
        rows[str(path)] = measure(real, fake, tuple(options.patch), options.threads, options.queries)
        print(show(str(path), rows[str(path)]), flush=True)
    if options.json:
        write_json(options.json, rows)


if __name__ == "__main__":
    main()
