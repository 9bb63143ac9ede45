"""Does a faster step learn as much? SGFID against minutes of one core, for a naive step and for each lever.

    python benchmarks/learning_curve.py CLIP --out FOLDER [--variants exact levers] [--budgets 60 120] [--seeds 0 1 2]

Each row is a whole training of the `quick` protocol's model (short side 48, three scales) with so many iterations a
scale, on one thread, its time taken as processor time, and six samples scored with SGFID. `exact` has every lever off;
`naive` is the same, computed as torch does (see training_step.py); `levers` are those of the `cpu` preset,
`levers,-crop` is all but one, and `levers,+joint` has one more that the preset leaves off. FOLDER gets curve.csv (a row
a training; run again, it adds what is missing), curve.png, and a picture of each training's samples.
"""

import argparse
import csv
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from benchmarks.training_step import CPU, naive
from datasets.clip import Clip, make_clip
from datasets.decode import read_video
from datasets.encode import contact_sheet, write_png
from datasets.errors import InputError
from datasets.resize import prepare
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.metrics.diversity import diversity
from evaluation.scoring import score
from sgif.config import Config, SpeedConfig
from sgif.execution import choose_precision, execution_of
from sgif.frames import resize, to_frames, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.presets import LEVERS, resolve
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining, run_scale

SAMPLES = 6
GROUPS: dict[str, dict[str, Any]] = {
    "crop": {"speed.crop": LEVERS["speed.crop"]},
    "pool": {key: LEVERS[key] for key in ("speed.pool", "speed.pool_refresh")},
    "bfloat16": {key: LEVERS[key] for key in ("speed.precision", "speed.penalty_precision")},
    "penalty": {"speed.penalty_crop": 0.5},
    "lazy": {"speed.penalty_every": 2},
    "joint": {"speed.joint": True},
}
"""Overrides of each lever, by the names that variants use; the presets' own come first."""
_COLUMNS = ("variant", "seed", "iterations", "cpu_seconds", "sgfid", "sgfid_sd", "diversity", "psnr")


def make_config(variant: str, iterations: int, more: dict[str, Any]) -> Config:
    """The config of a variant."""
    base, *changes = variant.split(",")
    chosen = {name for name, keys in GROUPS.items() if keys.keys() <= LEVERS.keys()} if base == "levers" else set()
    for change in changes:
        if change[1:] not in GROUPS:
            raise InputError(f"{variant}: no lever {change[1:]}; they are {', '.join(GROUPS)}")
        (chosen.add if change[0] == "+" else chosen.discard)(change[1:])
    levers = {key: value for group in chosen for key, value in GROUPS[group].items()}
    off = {f"speed.{name}": value for name, value in asdict(SpeedConfig()).items()}
    return resolve("quick", "singan-gif", {**off, "optim.iterations": (iterations,), **levers, **more})


def train(clip: Clip, config: Config, seed: int) -> tuple[GeneratorPyramid, float, float]:
    """A training without a run folder: the pyramid, processor seconds, PSNR of the finest reconstruction."""
    began = time.process_time()
    scales = plan_scales(len(clip), clip.size, config)
    how = execution_of(config.speed, choose_precision(config.speed.precision, CPU), CPU)
    z_star = draw_noise(seeded(seed, 0), len(clip), scales[0].size, coarsest=True, shared=False)
    pyramid, critics, psnr = GeneratorPyramid(config, scales, z_star), {}, 0.0
    real = to_tensor(clip.frames)
    for scale in scales:
        training = ScaleTraining(pyramid, scale, resize(real, scale.size), critics, seed, how)
        trained = run_scale(training, lambda values: None)
        critics, psnr = trained.critics, trained.psnr
    return pyramid, time.process_time() - began, psnr


def measure(clip: Clip, variant: str, iterations: int, seed: int, encoder: Encoder, folder: Path, more: dict) -> dict:
    """One row of the table."""
    with naive() if variant == "naive" else nullcontext():
        pyramid, seconds, psnr = train(clip, make_config(variant, iterations, more), seed)
    videos = [
        to_frames(pyramid.generate(len(clip), seeded(seed, 2, index), scales=len(pyramid.scales)))
        for index in range(SAMPLES)
    ]
    values = [s.sgfid for s in score(clip.frames, videos, encoder)]
    sheet = [("real", clip.frames), *((f"sample {i}", video) for i, video in enumerate(videos[:3]))]
    name = f"{variant}_{iterations}_{seed}"
    write_png(folder / f"{name}.png", contact_sheet(sheet))
    return {
        "variant": variant,
        "seed": seed,
        "iterations": iterations,
        "cpu_seconds": round(seconds, 1),
        "sgfid": round(float(np.mean(values)), 2),
        "sgfid_sd": round(float(np.std(values)), 2),
        "diversity": round(float(diversity(videos, clip.frames)), 3),
        "psnr": round(psnr, 2),
    }


def plot(rows: list[dict], path: Path) -> None:
    """SGFID against minutes: a line a variant through the means, a dot a training."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for index, variant in enumerate(dict.fromkeys(row["variant"] for row in rows)):
        mine = [row for row in rows if row["variant"] == variant]
        budgets = sorted({int(row["iterations"]) for row in mine})
        groups = [[row for row in mine if int(row["iterations"]) == budget] for budget in budgets]
        minutes, scores = (
            [float(np.mean([float(row[key]) for row in group])) for group in groups] for key in ("cpu_seconds", "sgfid")
        )
        marker = "osD^vPX*"[index % 8]
        axes.plot(np.array(minutes) / 60, scores, marker=marker, label=variant)
        axes.plot([float(r["cpu_seconds"]) / 60 for r in mine], [float(r["sgfid"]) for r in mine], ".", color="0.6")
    axes.set(xscale="log", xlabel="minutes of one core", ylabel="SGFID (lower is better)")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--variants", nargs="+", default=["exact", "levers"])
    parser.add_argument(
        "--budgets", nargs="+", type=int, default=[60, 120, 240], metavar="N", help="iterations a scale"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N")
    parser.add_argument("--stage", type=Path, help="where the encoder's weights are")
    parser.add_argument("--encoder", default="inception-fid")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="further config keys")
    options = parser.parse_args()
    torch.set_num_threads(1)
    more = dict(pair.split("=", 1) for pair in options.set)
    limits = make_config("exact", 1, more).pyramid
    clip = prepare(read_video(options.clip), short_side=limits.short_side, long_side=None, max_frames=limits.frames)
    clip = make_clip(clip.frames, clip.delays_ms)
    encoder = load_encoder(options.encoder, stage=options.stage)
    options.out.mkdir(parents=True, exist_ok=True)
    table = options.out / "curve.csv"
    rows: list[dict] = list(csv.DictReader(table.open(newline=""))) if table.exists() else []
    done = {(row["variant"], int(row["iterations"]), int(row["seed"])) for row in rows}
    for seed in options.seeds:
        for variant in options.variants:
            for budget in options.budgets:
                if (variant, budget, seed) in done:
                    continue
                rows.append(measure(clip, variant, budget, seed, encoder, options.out, more))
                with table.open("w", newline="") as file:
                    writer = csv.DictWriter(file, _COLUMNS)
                    writer.writeheader()
                    writer.writerows(rows)
                print(rows[-1], flush=True)
    plot(rows, options.out / "curve.png")


if __name__ == "__main__":
    main()
