"""How good are the samples? A method trained on the peers' clips, scored beside the samples that the peers published.

    python benchmarks/quality.py --stage STAGE --out FOLDER [--methods sgif-plus] [--clips waterfall] [--seeds 0 1]
        [--preset cpu] [--set KEY=VALUE] [--samples 10] [--name NAME]

Protocol `peers`: trained on, and scored against, the first 8 frames of the stage's `real.mp4`, which went through the
same codec as the published samples. A preset (or `--set pyramid.short_side=48`) that asks for a smaller clip gets one,
and the published samples are scored at that size. FOLDER gets a run folder a training (killed and started again, it
resumes), quality.csv (a row for each training and for each published method; run again, it adds what is missing) and a
contact sheet of the first samples of each, seeds as they come. Columns: SGFID at both layers, diversity, share of
patches with zero displacement, distance to the nearest training frame, motion energy, colours and contrast against the
real clip; all are means over samples, and evaluation/metrics/ says what each is. Processor time is in minutes for the
training and in seconds for a sample. `--name` tells variants of a method apart.
"""

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from datasets.clip import Clip, make_clip
from datasets.decode import read_video
from datasets.encode import contact_sheet, write_png
from datasets.errors import InputError
from datasets.files import read_json, replacing
from datasets.resize import prepare, resize_frames
from datasets.stage import published_real
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.metrics.colour import colour_distance
from evaluation.metrics.contrast import contrast_ratio
from evaluation.metrics.diversity import diversity
from evaluation.metrics.memorisation import frame_distance, zero_displacement
from evaluation.metrics.motion import motion_energy_ratio
from evaluation.scoring import score
from sgif.config import Config, parse_assignments
from sgif.presets import resolve
from sgif.run import train
from sgif.sampler import sample

FRAMES = 8
CLIPS = ("waterfall", "seashore", "desert")
PEERS = {"singangif": "SinGAN-GIF (published)", "vgpnn": "VGPNN (published)", "sinfusion": "SinFusion (published)"}
SHOWN = 3
COLUMNS = (
    "clip", "name", "seed", "samples", "cpu_minutes", "sgfid_192", "sgfid_64", "diversity", "zero_displacement",
    "frame_distance", "motion_energy", "colour_distance", "contrast", "sample_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """What scores: one encoder for each layer."""

    coarse: Encoder
    fine: Encoder

    def row(self, real: np.ndarray, fakes: Sequence[np.ndarray]) -> dict[str, float]:
        """All measures of some generated clips [T, H, W, 3] against the real one, means over the clips."""
        values = {
            "sgfid_192": [s.sgfid for s in score(real, fakes, self.coarse)],
            "sgfid_64": [s.sgfid for s in score(real, fakes, self.fine)],
            "diversity": [diversity(fakes, real)],
            "zero_displacement": [zero_displacement(fake, real) for fake in fakes],
            "frame_distance": [frame_distance(fake, real) for fake in fakes],
            "motion_energy": [motion_energy_ratio(fake, real) for fake in fakes],
            "colour_distance": [colour_distance(fake, real) for fake in fakes],
            "contrast": [contrast_ratio(fake, real) for fake in fakes],
        }
        return {key: round(float(np.mean(value)), 4) for key, value in values.items()}


def real_clip(stage: Path, clip: str, config: Config) -> Clip:
    """The first frames of the clip as it went through the peers' codec, at the training's size."""
    video = read_video(published_real(stage, clip), first=FRAMES)
    small = prepare(video, short_side=config.pyramid.short_side, long_side=config.pyramid.long_side)
    return make_clip(small.frames, small.delays_ms, id=clip)


def published(stage: Path, clip: str, method: str, size: tuple[int, int]) -> list[np.ndarray]:
    """A peer's samples, brought to the clip's size where theirs is another."""
    files = sorted((stage / "published" / clip / method).glob("*.mp4"))
    videos = [read_video(file, first=FRAMES).frames for file in files]
    return [video if video.shape[1:3] == size else resize_frames(video, *size) for video in videos]


def config_of(method: str, options: argparse.Namespace) -> Config:
    """What the method is trained with."""
    return resolve(options.preset, method, {"pyramid.frames": FRAMES, **parse_assignments(options.set)})


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--methods", nargs="*", default=["sgif-plus"])
    parser.add_argument("--clips", nargs="+", default=list(CLIPS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--encoder", default="inception-fid")
    parser.add_argument("--name", help="of the rows, where it is not the method's own")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        judge = Judge(
            *(load_encoder(options.encoder, layer=layer, stage=options.stage) for layer in ("pre-pool2", "pre-pool1"))
        )
        for clip in options.clips:
            _clip(clip, judge, options)
    except InputError as error:
        print(f"quality.py: {error}", file=sys.stderr)
        return 2
    return 0


def _clip(name: str, judge: Judge, options: argparse.Namespace) -> None:
    """All rows of one clip that are not there yet."""
    real = real_clip(options.stage, name, config_of("singan-gif", options))  # a preset has one size for all methods
    for peer, title in PEERS.items():
        if not _known(options.out, name, title, 0):
            videos = published(options.stage, name, peer, real.size)
            if not videos:
                print(f"{name}: the stage has no samples of {title}", flush=True)
                continue
            _add(options.out, name, title, 0, {}, judge, real, videos)
    for seed in options.seeds:
        for method in options.methods:
            title = options.name or method
            if _known(options.out, name, title, seed):
                continue
            folder = options.out / "runs" / name / title / str(seed)
            config = config_of(method, options)
            run = train(real, config, folder, method=method, preset=options.preset, seed=seed)
            began = time.process_time()
            videos = [sample(run, seed, index).frames for index in range(options.samples)]
            each = round((time.process_time() - began) / options.samples, 1)
            minutes = round(read_json(folder / "timings.json", "train again")["cpu_seconds"] / 60, 1)
            cost = {"cpu_minutes": minutes, "sample_seconds": each}
            _add(options.out, name, title, seed, cost, judge, real, videos)


def _rows(folder: Path) -> list[dict[str, str]]:
    table = folder / "quality.csv"
    return list(csv.DictReader(table.open(newline=""))) if table.exists() else []


def _known(folder: Path, clip: str, name: str, seed: int) -> bool:
    return any((row["clip"], row["name"], row["seed"]) == (clip, name, str(seed)) for row in _rows(folder))


def _add(
    folder: Path, clip: str, name: str, seed: int, cost: dict[str, float], judge: Judge, real: Clip,
    videos: Sequence[np.ndarray],
) -> None:  # fmt: skip
    """Score, add a row, and draw its contact sheet."""
    row = {"clip": clip, "name": name, "seed": seed, "samples": len(videos)} | cost
    row |= judge.row(real.frames, videos)
    with replacing(folder / "quality.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([*_rows(folder), row])
    rows = [("real", real.frames), *((f"{name} {index}", video) for index, video in enumerate(videos[:SHOWN]))]
    slug = "".join(c if c.isalnum() else "-" for c in name)
    write_png(folder / f"{clip}_{slug}_{seed}.png", contact_sheet(rows, frames_per_row=FRAMES, frame_height=110))
    print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
