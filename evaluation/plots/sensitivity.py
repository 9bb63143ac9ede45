"""SGFID against the number of frames, and against their size: what must be equal before values are compared."""

import pandas as pd
from matplotlib.figure import Figure

from evaluation.plots.style import WIDTH, legend_above, logarithmic, looks, new_figure

COLUMNS = ("what", "at", "sample", "sgfid", "locations")
HALVES = "half against half"
_AXES = {"frames": "frames", "short side": "short side in pixels"}


def sensitivity(data: pd.DataFrame) -> Figure:
    """Two panels, a line a sample; the real clip's halves dashed.

    Args:
        data: the columns `COLUMNS`; `what` is `frames` or `short side`.
    """
    samples = [name for name in dict.fromkeys(data["sample"]) if name != HALVES]
    with new_figure(WIDTH * 1.5, 3.2) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for ax, (what, title) in zip(axes, _AXES.items(), strict=True):
            own = data[(data["what"] == what) & (data["sgfid"] > 0)]
            for index, name in enumerate([*samples, HALVES]):
                line = own[own["sample"] == name]
                style = (
                    {"color": "0.35", "ls": (0, (4, 2)), "marker": "|"} if name == HALVES else looks(index, "method")
                )
                ax.plot(line["at"], line["sgfid"], ms=5, lw=1.1, label=name, **style)
            ax.set_xlabel(title)
            ax.set_xticks(sorted(set(own["at"])))
        logarithmic(axes[0], "y")
        axes[0].set_ylabel("SGFID (logarithmic)")
        legend_above(figure, axes)
    return figure
