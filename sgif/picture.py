"""What a training looks like: its losses, its scales, and what it makes, on one page."""

import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from datasets.clip import Clip
from datasets.encode import contact_sheet
from datasets.files import replacing
from sgif.checkpoint import ScaleRecord
from sgif.frames import resize, to_frames, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import seeded
from sgif.retrieval import Retrieval
from sgif.sampler import generate

PICTURE = "training.png"
_PANELS = (
    ("reconstruction and the like", ("reconstruction", "colour", "patches")),
    ("critics", ("critic_image", "critic_video")),
    ("adversarial", ("adversarial_image", "adversarial_video")),
    ("gradient penalty", ("penalty_image", "penalty_video")),
)
_POSITIVE = ("reconstruction", "colour", "patches", "penalty_image", "penalty_video")


def draw_training(
    folder: Path,
    clip: Clip,
    pyramid: GeneratorPyramid,
    retrieval: Retrieval | None,
    records: Sequence[ScaleRecord],
    seed: int,
) -> None:
    """Write `training.png`: loss curves, PSNR and noise amplitude of each finished scale, reconstruction and a sample.

    Arguments:
        folder: of the run; its losses.jsonl is read.
        clip: the training clip.
        pyramid: the scales that are finished.
        retrieval: what takes the finished pyramid's samples to the clip's size, if anything does.
        records: theirs.
        seed: of the run.
    """
    figure = Figure(figsize=(10, 9), layout="constrained")
    grid = figure.add_gridspec(3, 3, height_ratios=(1, 1, 1.3))
    lines = [json.loads(line) for line in (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()]
    for index, (title, names) in enumerate(_PANELS):
        _draw_losses(figure.add_subplot(grid[index // 2, index % 2]), title, names, lines)
    _draw_bars(figure.add_subplot(grid[0, 2]), "PSNR of the reconstruction, dB", [r.psnr for r in records], records)
    _draw_bars(figure.add_subplot(grid[1, 2]), "noise amplitude", [r.amplitude for r in records], records)
    axes = figure.add_subplot(grid[2, :])
    axes.imshow(_sheet(clip, pyramid, retrieval, len(records), seed), interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(f"scale {len(records)} of {len(pyramid.scales)}")
    figure.suptitle(folder.name)
    with replacing(folder / PICTURE) as temporary:
        figure.savefig(temporary, format="png", dpi=90)


def _draw_losses(axes: Axes, title: str, names: Sequence[str], lines: Sequence[dict[str, float]]) -> None:
    starts: dict[int, float] = {}
    for line in lines:  # iterations count on over the scales
        before = max((starts[s] + _last(lines, s) for s in starts if s < line["scale"]), default=0.0)
        starts.setdefault(int(line["scale"]), before)
    drawn = [name for name in names if any(name in line for line in lines)]
    for name in drawn:
        points = [(starts[int(x["scale"])] + x["iteration"], x[name]) for x in lines if name in x]
        axes.plot(*zip(*points, strict=True), label=name, linewidth=1)
    for start in list(starts.values())[1:]:
        axes.axvline(start, color="0.8", linewidth=0.8)
    values = [line[name] for line in lines for name in drawn if name in line]
    if drawn and all(name in _POSITIVE for name in drawn) and min(values) > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"{title} (weighted)", fontsize=10)
    axes.set_xlabel("iteration", fontsize=8)
    if drawn:
        axes.legend(fontsize=7)


def _last(lines: Sequence[dict[str, float]], scale: int) -> float:
    return max(line["iteration"] for line in lines if line["scale"] == scale)


def _draw_bars(axes: Axes, title: str, values: Sequence[float], records: Sequence[ScaleRecord]) -> None:
    bars = axes.bar([f"{r.height}x{r.width}" for r in records], values, color="0.6")
    axes.bar_label(bars, [f"{value:.3g}" for value in values], fontsize=7)
    axes.margins(y=0.15)
    axes.tick_params("x", labelrotation=60, labelsize=7)
    axes.set_title(title, fontsize=10)


def _sheet(clip: Clip, pyramid: GeneratorPyramid, retrieval: Retrieval | None, count: int, seed: int) -> object:
    size = pyramid.scales[count - 1].size
    real = to_frames(resize(to_tensor(clip.frames), size))
    reconstruction, rate = pyramid.reconstruct(scales=count), pyramid.rate
    rows = {"real": real, "reconstruction": to_frames(reconstruction[::rate])}
    rows["sample"] = to_frames(pyramid.generate(rate * len(clip), seeded(seed, 2, 0), scales=count)[::rate])
    if retrieval and count == len(pyramid.scales):
        whole = generate(pyramid, retrieval, len(clip), seeded(seed, 2, 0), clip.size)
        rows["its details"] = to_frames(resize(whole, size))
    return contact_sheet(list(rows.items()))
