"""Paired comparisons as a table of a page: every row with its interval, effect size and test."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from evaluation import wording
from evaluation.comparisons import short
from evaluation.metrics import METRICS
from evaluation.metrics.metric import Metric
from evaluation.report.parts import RowGroup, Table


def differences_table(
    comparisons: pd.DataFrame,
    who: str,
    *,
    metrics: Mapping[str, Metric] = METRICS,
    more: str = "",
    number: Callable[[float], str] = short,
) -> Table | None:
    """The table, or None without any comparison.

    Args:
        comparisons: as `evaluation.comparisons.compare` makes it.
        who: heading of those that are compared with the reference.
        metrics: for titles.
        more: end of the caption.
        number: how a difference is written.
    """
    if comparisons.empty:
        return None
    columns = ["Metric", who, "Difference", "95 % interval", "Effect", "p (Holm)", "Clips", "Note"]
    rows = [
        [
            metrics[row.metric].title if row.metric in metrics else row.metric,
            row.method,
            number(row.difference),
            wording.MISSING if np.isnan(row.low) else f"{short(row.low)} to {short(row.high)}",
            wording.MISSING if np.isnan(row.effect) else f"{row.effect:+.2f}",
            wording.number(row.p_holm),
            str(row.clips),
            row.note,
        ]
        for row in comparisons.itertuples()
    ]
    caption = f"Differences from {comparisons['reference'].iloc[0]}, clip by clip{more}"
    return Table(caption, columns, [RowGroup(None, rows)], texts=2)
