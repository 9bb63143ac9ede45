"""Figures of ablations: the same curve, histogram or bar of every variant of a method over each other.

A variant has the same colour in all of them, and besides it a dash and marker (curves) or a hatch (bars) of its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.plots.style import DASHES, MARKERS, PALETTE, WIDTH, legend_above, logarithmic, new_figure
from evaluation.wording import minutes

BINS = 32
_HATCHES = ("", "////", "....", "xxx", "\\\\\\\\", "++", "oo", "--")
_POINTS = 90  # of a curve over all scales and seeds; more cannot be told apart on a page, and cost bytes
_FEWEST = 6  # of them in a scale of one seed
_POSITIVE = ("reconstruction", "colour", "patches")  # they fall over orders of magnitude


def colour_of(index: int) -> str:
    """The colour of the variant with this index, as hex."""
    return PALETTE[index % len(PALETTE)]


def variant_losses(logs: Mapping[str, Sequence[pd.DataFrame]], names: Sequence[str], variants: Sequence[str]) -> Figure:
    """A panel a loss, all variants and seeds over each other; vertical lines part the scales, coarsest first.

    All scales are as wide, from their first to their last iteration, because variants may take different numbers of
    them. Curves are thinned by taking means of neighbouring entries.

    Args:
        logs: by variant: the log of each seed, as `evaluation.losses.read_losses` gives it.
        names: columns of the logs, in the order of the panels; a variant without one is left out of its panel.
        variants: all of them in their order, which gives each the looks that it has elsewhere.
    """
    count = max((log["scale"].nunique() for own in logs.values() for log in own), default=1)
    with new_figure(WIDTH, 0.8 + 1.15 * len(names)) as figure:
        axes: Sequence[Axes] = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for ax, name in zip(axes, names, strict=True):
            least = np.inf
            for index, variant in enumerate(variants):
                own = [log for log in logs.get(variant, ()) if name in log and log[name].notna().any()]
                for place, log in enumerate(own):
                    x, y = _thinned(log, name, len(own))
                    least = min(least, float(np.nanmin(y)))
                    ax.plot(x, y, label="_" if place else variant, **_line(index, len(x), len(own)))
            if name.split("_")[0] in _POSITIVE and 0 < least < np.inf:
                logarithmic(ax, "y")
            for border in range(1, count):
                ax.axvline(border, color="0.6", lw=0.8, ls=(0, (2, 2)))
            ax.grid(axis="x", visible=False)
            ax.set_title(_title(name), loc="left")
        axes[-1].set_xlim(0, count)
        axes[-1].set_xticks(
            np.arange(count) + 0.5, [f"scale {scale}" if not scale else str(scale) for scale in range(count)]
        )
        axes[-1].set_xlabel("each scale from its first to its last iteration")
        legend_above(figure, axes)
    return figure


def colour_shares(frames: np.ndarray) -> np.ndarray:
    """Shares float64 [3, BINS] of pixels of uint8 frames [T, H, W, 3] by level of red, green, blue; rows sum to 1."""
    levels = frames.reshape(-1, 3) // (256 // BINS)
    counts = np.stack([np.bincount(levels[:, channel], minlength=BINS) for channel in range(3)])
    return counts / counts.sum(axis=1, keepdims=True)


def colour_histograms(real: np.ndarray, shares: Mapping[str, np.ndarray], variants: Sequence[str]) -> Figure:
    """Red, green and blue: the real clip as an area, every variant as a curve.

    Args:
        real: float64 [3, BINS], as `colour_shares` gives it.
        shares: the same by variant, mean over its samples.
        variants: all of them in their order.
    """
    centres = (np.arange(BINS) + 0.5) * 256 / BINS
    with new_figure(WIDTH, 0.75 + 3 * 0.95) as figure:
        axes: Sequence[Axes] = figure.subplots(3, 1, sharex=True)
        for channel, (ax, title) in enumerate(zip(axes, ("Red", "Green", "Blue"), strict=True)):
            ax.fill_between(centres, 100 * real[channel], color="0.82", lw=0, label="real clip")
            for index, variant in enumerate(variants):
                if variant in shares:
                    ax.plot(centres, 100 * shares[variant][channel], label=variant, **_line(index, BINS, 1))
            ax.set_title(title, loc="left")
            ax.set_ylim(bottom=0)
            ax.set_ylabel("% of pixels", fontsize=7.5)
        axes[-1].set_xlim(0, 256)
        axes[-1].set_xticks([0, 64, 128, 192, 255])
        axes[-1].set_xlabel("level")
        legend_above(figure, axes)
    return figure


def iteration_seconds(seconds: Mapping[str, np.ndarray], scales: Sequence[str], variants: Sequence[str]) -> Figure:
    """Bars of the seconds of an iteration, by scale and variant; whiskers from the fastest round to the slowest.

    Args:
        seconds: by variant: float64 [rounds, scales].
        scales: what to call them, coarsest first.
        variants: all of them in their order.
    """
    shown = [variant for variant in variants if variant in seconds]
    width = 0.84 / max(1, len(shown))
    with new_figure(WIDTH, 2.9) as figure:
        ax = figure.subplots()
        for place, variant in enumerate(shown):
            mean = np.median(seconds[variant], axis=0)
            x = np.arange(len(scales)) - 0.42 + width * (place + 0.5)
            ends = np.abs(np.stack([seconds[variant].min(axis=0), seconds[variant].max(axis=0)]) - mean)
            ax.bar(x, mean, width * 0.92, yerr=ends, label=variant, error_kw=_WHISKER, **_bar(variants.index(variant)))
        ax.set_xticks(range(len(scales)), scales)
        ax.grid(axis="x", visible=False)
        ax.set_ylim(bottom=0)
        ax.set_ylabel("seconds an iteration")
        ax.set_xlabel("scale, coarsest first")
        legend_above(figure, [ax])
    return figure


def training_minutes(taken: Mapping[str, Sequence[float]], variants: Sequence[str]) -> Figure:
    """A bar a variant: the mean minutes of a training; a dot a training.

    Args:
        taken: by variant: minutes of its trainings.
        variants: all of them in their order.
    """
    shown = [variant for variant in variants if taken.get(variant)]
    most = max(max(taken[variant]) for variant in shown)
    with new_figure(WIDTH, 0.75 + 0.38 * len(shown)) as figure:
        ax = figure.subplots()
        for place, variant in enumerate(shown):
            mean = float(np.mean(taken[variant]))
            ax.barh(place, mean, 0.66, **_bar(variants.index(variant)))
            ax.plot(taken[variant], np.full(len(taken[variant]), place), "o", color="0.1", ms=3, mfc="white", mew=0.8)
            end = (max(mean, *taken[variant]), place)
            said = f"mean {minutes(mean)}"
            ax.annotate(said, end, (5, 0), textcoords="offset points", va="center", fontsize=8, color="0.15")
        ax.set_yticks(range(len(shown)), shown)
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.set_xlim(0, 1.3 * most)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("minutes of a training")
    return figure


_WHISKER = {"lw": 0.9, "capsize": 1.8, "ecolor": "0.15"}


def _line(index: int, points: int, seeds: int) -> dict[str, object]:
    """Looks of a curve. Markers are few, and start at another place in each variant, so that none hides another."""
    every = max(1, points // 5)
    return {
        **{"color": colour_of(index), "ls": DASHES[index % len(DASHES)], "lw": 1.5 if index == 0 else 1.1},
        **{"marker": MARKERS[index % len(MARKERS)], "ms": 3.4, "mew": 0.4, "mec": "white"},
        **{"markevery": (index * every // 6 % every, every), "alpha": 1.0 if seeds == 1 else 0.75},
    }


def _bar(index: int) -> dict[str, object]:
    hatch = _HATCHES[index % len(_HATCHES)]
    return {"color": colour_of(index), "hatch": hatch, "edgecolor": "white", "linewidth": 0.4}


def _thinned(log: pd.DataFrame, name: str, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (scale + share of its iterations) and values of a curve, scales parted by a NaN."""
    scales = [own for _, own in log.groupby("scale", sort=True)]
    most = max(_FEWEST, _POINTS // (seeds * len(scales)))
    xs, ys = [], []
    for place, own in enumerate(scales):
        share = place + own["iteration"].to_numpy() / max(1, own["iteration"].max())
        values = own[name].to_numpy(np.float64)
        there = np.isfinite(values)
        if there.any():
            parts = np.array_split(np.arange(there.sum()), min(most, int(there.sum())))
            xs += [share[there][part].mean() for part in parts]
            ys += [values[there][part].mean() for part in parts]
        xs.append(float(place + 1))
        ys.append(np.nan)
    return np.array(xs), np.array(ys)


def _title(name: str) -> str:
    """`critic_image` as `Critic (image)`."""
    kind, _, of = name.partition("_")
    return f"{kind.capitalize()} ({of.replace('_', ' ')})" if of else kind.capitalize()
