"""The looks that all figures share: palette, markers, axes, direct labels, and bytes that equal data give again.

Readable without colour: methods differ by marker, curves by dashes, and every map of colours goes from light to dark.
"""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from datasets.files import replacing, write_bytes, write_text
from evaluation.comparisons import csv_text
from evaluation.metrics.metric import DIRECTIONS, Metric

PALETTE = sns.color_palette("colorblind").as_hex()
MARKERS = "osD^vPX*"
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
WIDTH = 4.7  # inches; a phone shows this at about its real size
_DPI = 200
_PATH = re.compile(rb'\bd="[^"]*"')
_LONG_NUMBER = re.compile(rb"(\d\.\d\d)\d+")
_ARROWS = {"lower": " ↓", "higher": " ↑", "one": " → 1", "none": ""}
# Offsets of a label from its point, in points, with its alignment; the first that is free is taken.
_PLACES = (
    *((7, 0, "left", "center"), (-7, 0, "right", "center"), (0, 7, "center", "bottom"), (0, -7, "center", "top")),
    *((6, 6, "left", "bottom"), (6, -6, "left", "top"), (-6, 6, "right", "bottom"), (-6, -6, "right", "top")),
    *((10, 14, "left", "bottom"), (10, -14, "left", "top"), (-10, 14, "right", "bottom"), (-10, -14, "right", "top")),
    *((0, 20, "center", "bottom"), (0, -20, "center", "top")),
)


def svg(figure: Figure) -> bytes:
    """The figure as SVG, without date or random ids; coordinates to a hundredth of a point, which halves its size."""
    buffer = io.BytesIO()
    with mpl.rc_context(_style()):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _PATH.sub(lambda path: _LONG_NUMBER.sub(rb"\1", path.group()), buffer.getvalue())


def write(figure: Figure, data: pd.DataFrame, stem: str | Path) -> None:
    """Write `stem`.svg, `stem`.png and the data behind them as `stem`.csv, each whole or not at all.

    Raises:
        InputError: a file cannot be written.
    """
    stem = Path(stem)
    write_bytes(stem.with_name(f"{stem.name}.svg"), svg(figure))
    with replacing(stem.with_name(f"{stem.name}.png")) as temporary, mpl.rc_context(_style()):
        figure.savefig(temporary, format="png", dpi=_DPI, metadata={"Software": None})
    write_text(stem.with_name(f"{stem.name}.csv"), csv_text(data))


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches in the house style, known to no global list of figures."""
    with mpl.rc_context(_style()):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def looks(index: int, kind: str, *, strong: bool = False) -> dict[str, Any]:
    """Marker and colours of the method with this index; controls are grey and hollow.

    Args:
        strong: whether colours too pale for a lone marker are darkened, and its white edge thinned.
    """
    marker = MARKERS[index % len(MARKERS)]
    if kind == "control":
        return {"marker": marker, "color": "0.45", "mfc": "white", "mec": "0.45"}
    colour = PALETTE[index % len(PALETTE)]
    if strong and _light(mpl.colors.to_rgb(colour)) > 0.7:
        colour = mpl.colors.to_hex(0.65 * np.array(mpl.colors.to_rgb(colour)))
    edge = {"mew": 0.6} if strong else {}
    return {"marker": marker, "color": colour, "mfc": colour, "mec": "white", **edge}


def axis_title(metric: Metric, logarithmic_axis: bool = False) -> str:
    """`SGFID, lower is better (logarithmic)`."""
    unit = f" in {metric.unit}" if metric.unit and len(metric.unit) < 16 else ""
    direction = f", {DIRECTIONS[metric.direction]}" if metric.direction != "none" else ""
    return f"{metric.title}{unit}{direction}{' (logarithmic)' if logarithmic_axis else ''}"


def arrow(metric: Metric) -> str:
    """`SGFID ↓`: the title with which way is better."""
    return f"{metric.title}{_ARROWS[metric.direction]}"


def logarithmic(ax: Axes, axis: str) -> None:
    """A logarithmic axis with plain numbers, at least a few of them however short its range."""
    ax.set(**{f"{axis}scale": "log"})
    low, high = getattr(ax, f"get_{axis}lim")()
    subs = (1, 2, 5) if high / low > 8 else (1, 1.5, 2, 3, 4, 5, 7)
    numbers = FuncFormatter(lambda value, _: f"{value:,.6g}")
    on = getattr(ax, f"{axis}axis")
    on.set_major_locator(LogLocator(10, subs=subs, numticks=12))
    on.set_major_formatter(numbers)
    on.set_minor_formatter(NullFormatter())


def legend_above(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend for all axes, above them, so that it hides no value."""
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        # As many side by side as fit: a marker and its gaps take about six letters, a letter a thirteenth of an inch.
        fitting = int(figure.get_figwidth() * 13 / (max(map(len, entries)) + 6))
        columns = max(1, min(3, len(entries), fitting))
        figure.legend(list(entries.values()), list(entries), loc="outside upper center", ncols=columns, frameon=False)


def label_points(figure: Figure, ax: Axes, points: np.ndarray, names: Sequence[str], avoid: np.ndarray) -> None:
    """Write each name beside its point, within the axes and where it hides least: names, points, then lines.

    Args:
        points: float [n, 2] in the units of the axes, whose limits must not change afterwards.
        avoid: float [m, 2, 2], the ends of straight lines.
    """
    figure.draw_without_rendering()
    frame = ax.get_window_extent()
    marks = ax.transData.transform(points)
    ends = ax.transData.transform(avoid.reshape(-1, 2)).reshape(-1, 2, 1, 2)
    shares = np.linspace(0, 1, 40)[:, None]
    tips = ends[:, 1, 0]
    lines = (ends[:, 0] * (1 - shares) + ends[:, 1] * shares).reshape(-1, 2)
    half = 4.5 * figure.dpi / 72
    taken: list[Any] = []
    for point, name in zip(points, names, strict=True):
        label = ax.annotate(name, point, (0, 0), textcoords="offset points", fontsize=8, color="0.15", in_layout=False)
        best = None
        for rank, (right, up, ha, va) in enumerate(_PLACES):
            label.set(position=(right, up), ha=ha, va=va)
            box = label.get_window_extent()
            hidden = ((marks > box.min - half) & (marks < box.max + half)).all(axis=1).sum()
            hidden += ((tips > box.min - half / 2) & (tips < box.max + half / 2)).all(axis=1).sum() / 3
            crossed = ((lines > box.min) & (lines < box.max)).all(axis=1).sum()
            outside = max(0.0, frame.x0 - box.x0, box.x1 - frame.x1, frame.y0 - box.y0, box.y1 - frame.y1)
            others = sum(box.overlaps(other) for other in taken)
            cost = 100 * others + 50 * (outside > 0) + outside + 30 * hidden + min(crossed, 12) + rank
            if best is None or cost < best[0]:
                best = (cost, (right, up), ha, va)
        label.set(position=best[1], ha=best[2], va=best[3])
        taken.append(label.get_window_extent())


def on_colour(colour: Sequence[float]) -> str:
    """Black or white, whichever can be read on an RGB(A) colour in [0, 1]."""
    return "black" if _light(colour) > 0.5 else "white"


def _light(colour: Sequence[float]) -> float:
    return float(np.dot(colour[:3], (0.299, 0.587, 0.114)))


def _style() -> dict[str, Any]:
    return {
        **sns.axes_style("whitegrid"),
        **sns.plotting_context("paper", font_scale=0.95),
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that outlines are the same everywhere
        "axes.edgecolor": "0.5",
        "axes.titlesize": 9,
        "grid.color": "0.9",
        "svg.fonttype": "path",
        "svg.hashsalt": "sgif",
        "text.parse_math": False,
    }
