"""SGFID against training time, both logarithmic: a pale marker a clip, a full one for the means of a method."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from datasets.errors import InputError
from evaluation.plots.style import WIDTH, label_points, logarithmic, looks, new_figure

COLUMNS = ("method", "clip", "minutes", "sgfid")


def training_time(data: pd.DataFrame) -> Figure:
    """Every method's clips, joined to the mean of its SGFID at the mean of its minutes.

    Args:
        data: a row a method and clip with the columns `COLUMNS`, methods in the order of their registry, all of them:
            it gives a method the looks that it has elsewhere. Rows without a training, or with a 0, which the axes
            cannot show, are left out.

    Raises:
        InputError: a column is missing, or no row can be shown.
    """
    missing = [name for name in COLUMNS if name not in data]
    if missing:
        raise InputError(f"training time: column missing: {', '.join(missing)}; give a row a method and clip")
    indices = {method: index for index, method in enumerate(dict.fromkeys(data["method"]))}
    data = data[(data["minutes"] > 0) & (data["sgfid"] > 0)]
    if data.empty:
        raise InputError("training time: no method has both a training time and an SGFID; train and score one first")
    methods = list(dict.fromkeys(data["method"]))
    means = data.groupby("method")[["minutes", "sgfid"]].mean().loc[methods].to_numpy()
    lines = []
    with new_figure(WIDTH, 3.4) as figure:
        ax = figure.subplots()
        for index, method in enumerate(methods):
            own = data[data["method"] == method]
            marks = looks(indices[method], "method", strong=True)
            for clip in own[["minutes", "sgfid"]].to_numpy(np.float64):
                lines.append([means[index], clip])
                ax.plot(*np.transpose(lines[-1]), color=marks["color"], lw=0.7, alpha=0.35)
            ax.plot(own["minutes"], own["sgfid"], ls="", ms=4, alpha=0.4, **marks | {"mew": 0})
            ax.plot(means[index, :1], means[index, 1:], ls="", ms=7, zorder=3, **marks)
        ax.margins(0.1)
        for axis in "xy":
            logarithmic(ax, axis)
        ax.set_xlabel("minutes of training a clip (logarithmic)")
        ax.set_ylabel("SGFID, lower is better (logarithmic)")
        label_points(figure, ax, means, methods, np.array(lines))
    return figure
