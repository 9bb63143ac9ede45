"""Figures as SVG: loss curves of a training, and the SGFID of every sample by clip and method.

Readable without colour: methods differ by marker as well, curves by dashes. Equal data give equal bytes.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from evaluation.intervals import mean_interval
from evaluation.losses import loss_names
from evaluation.plots.style import DASHES, MARKERS, PALETTE, WIDTH, legend_above, logarithmic, looks, new_figure, svg
from evaluation.tables import RESAMPLES, in_order, sgfid_cells

__all__ = ["DASHES", "MARKERS", "PALETTE", "loss_curves", "sgfid_by_clip", "svg"]

_TITLES = {
    "critic": "Critics",
    "penalty": "Gradient penalty",
    "adversarial": "Adversarial",
    "reconstruction": "Reconstruction",
    "colour": "Colour statistics",
    "patches": "Distribution of patches",
}
_LINE_ORDER = ("image", "video")


def loss_curves(losses: pd.DataFrame) -> Figure:
    """One panel a kind of loss over all iterations; vertical lines part the scales, coarsest first.

    Args:
        losses: as `evaluation.losses.read_losses` gives them. `critic_image` and `critic_video` share a panel, and so
            do all names with the same first word.
    """
    panels: dict[str, list[str]] = {}
    for name in loss_names(losses):
        panels.setdefault(name.split("_")[0], []).append(name)
    variants = sorted(
        {_variant(name) for names in panels.values() if len(names) > 1 for name in names},
        key=lambda variant: (_LINE_ORDER.index(variant) if variant in _LINE_ORDER else len(_LINE_ORDER), variant),
    )
    with new_figure(WIDTH, 0.85 + 1.15 * max(1, len(panels))) as figure:
        axes: Sequence[Axes] = figure.subplots(max(1, len(panels)), 1, sharex=True, squeeze=False)[:, 0]
        for ax, (group, names) in zip(axes, panels.items(), strict=False):
            _loss_panel(ax, losses, group, names, variants)
        axes[-1].set_xlabel("iteration, all scales in a row")
        axes[-1].set_xlim(0, int(losses["step"].max()))
        axes[-1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        _name_scales(axes[0], losses)
        legend_above(figure, axes)
    return figure


def sgfid_by_clip(
    cells: pd.DataFrame, *, protocol: str, order: Sequence[str] = (), bootstrap: int = RESAMPLES, seed: int = 0
) -> Figure:
    """SGFID on a logarithmic axis: a pale dot a sample; a marker and a bar for the mean and its 95 % interval.

    Intervals are within a clip (samples resampled). Controls would stretch the axis to where no method can be read;
    they are drawn, grey and hollow, only where there is nothing else. A 0, which the axis cannot show, is left out.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        protocol: whose cells to take.
        order: names of methods in the order of their registry.
        bootstrap, seed: of the intervals.
    """
    cells = sgfid_cells(cells, protocol)
    kinds = cells.drop_duplicates("method").set_index("method")["kind"]
    methods = in_order(kinds, order)
    shown = [method for method in methods if kinds[method] != "control"] or methods
    clips = sorted(set(cells["clip"]))
    step = 0.8 / max(1, len(shown))
    rows = len(clips) * max(0.45, 0.2 * len(shown))
    with new_figure(WIDTH, 1.15 + rows) as figure:
        ax = figure.subplots()
        for index, method in enumerate(shown):
            marks = looks(index, kinds[method])
            own = cells[(cells["method"] == method) & (cells["value"] > 0)]
            for row, clip in enumerate(clips):
                values = own.loc[own["clip"] == clip, "value"].to_numpy()
                if not values.size:
                    continue
                height = row - 0.4 + step * (index + 0.5)
                ax.plot(values, np.full(values.size, height), ".", color=marks["color"], alpha=0.35, ms=5, mew=0)
                interval = mean_interval([values], resamples=bootstrap, seed=seed)
                ax.plot([interval.low, interval.high], [height, height], color=marks["color"], lw=1.4)
                ax.plot([interval.estimate], [height], ls="", ms=5.5, label="" if row else method, **marks)
        logarithmic(ax, "x")
        ax.set_yticks(range(len(clips)), clips)
        ax.set_ylim(len(clips) - 0.5, -0.5)
        for border in range(1, len(clips)):
            ax.axhline(border - 0.5, color="0.85", lw=0.8)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("SGFID, lower is better (logarithmic)")
        legend_above(figure, [ax])
    return figure


def _loss_panel(ax: Axes, losses: pd.DataFrame, group: str, names: list[str], variants: list[str]) -> None:
    for name in names:
        # A loss alone in its panel is named by the title; it takes a colour that stands for no variant.
        alone = len(names) == 1 and _variant(name) not in variants
        index = 0 if alone else variants.index(_variant(name))
        colour = "0.25" if alone else PALETTE[index % len(PALETTE)]
        for place, (_, scale) in enumerate(losses.groupby("scale")):
            label = "_" if alone or place else _variant(name)
            ax.plot(scale["step"], scale[name], lw=1.2, label=label, color=colour, ls=DASHES[index % len(DASHES)])
    if group in ("reconstruction", "colour", "patches") and losses[names].min().min() > 0:
        logarithmic(ax, "y")
    for end in losses.groupby("scale")["step"].max().to_list()[:-1]:
        ax.axvline(end, color="0.6", lw=0.8, ls=(0, (2, 2)))
    title = _TITLES.get(group, group)
    ax.set_title(f"{title} ({_variant(names[0])})" if len(names) == 1 and "_" in names[0] else title, loc="left")


def _variant(name: str) -> str:
    """What a loss is about: `video` of `critic_video`; the name itself where it is one word."""
    return name.partition("_")[2] or name


def _name_scales(ax: Axes, losses: pd.DataFrame) -> None:
    """`scale 0`, `1`, … on top of the first panel, each over the middle of its stretch."""
    ends = losses.groupby("scale")["step"].max()
    begins = [0, *ends.to_list()[:-1]]
    names = [f"scale {scale}" if place == 0 else str(scale) for place, scale in enumerate(ends.index)]
    top = ax.secondary_xaxis("top")
    top.set_xticks([(begin + end) / 2 for begin, end in zip(begins, ends, strict=True)], names, fontsize=7.5)
    top.tick_params(length=0, pad=1, colors="0.35")
    top.spines["top"].set_visible(False)
