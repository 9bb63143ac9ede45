"""The same values a clip and method: mean SGFID, diversity of the samples, cost of the training."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.tables import in_order, sgfid_cells
from evaluation.trainings import Cost, Run, mean_minutes, peak_memory_mb, runs_of

COLUMNS = ("clip", "method", "kind", "samples", "sgfid_mean", "diversity", "train_minutes", "peak_memory_mb")


def clip_table(
    cells: pd.DataFrame, *, protocol: str, order: Sequence[str] = (), costs: Mapping[Run, Cost] | None = None
) -> pd.DataFrame:
    """One row a clip (alphabetical) and method (as in Table 1), means over seeds.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        protocol: whose cells to take.
        order: names of methods in the order of their registry.
        costs: of the trainings, by (clip, method, seed).

    Returns:
        A frame with the columns `COLUMNS`; `diversity` and the costs are NaN where they were not measured.
    """
    sgfid = sgfid_cells(cells, protocol)
    whole = cells[(cells["protocol"] == protocol) & (cells["metric"] == "diversity") & cells["sample"].isna()]
    diversity = whole.groupby(["clip", "method"])["value"].mean()
    methods = in_order(sgfid.drop_duplicates("method").set_index("method")["kind"], order)
    rows = []
    for (clip, method), own in sgfid.groupby(["clip", "method"]):
        runs = runs_of(own)
        rows.append(
            {
                "clip": clip,
                "method": method,
                "kind": own["kind"].iloc[0],
                "samples": len(own),
                "sgfid_mean": float(own["value"].mean()),
                "diversity": float(diversity.get((clip, method), np.nan)),
                "train_minutes": mean_minutes(runs, costs or {}),
                "peak_memory_mb": peak_memory_mb(runs, costs or {}),
            }
        )
    rows.sort(key=lambda row: (row["clip"], methods.index(row["method"])))
    return pd.DataFrame(rows, columns=list(COLUMNS))
