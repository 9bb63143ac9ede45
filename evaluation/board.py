"""Everything that is made of the cells of several methods: leaderboard, comparisons, figures and their page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation.comparisons import compare, write_comparisons, write_comparisons_markdown
from evaluation.leaderboard import leaderboard, with_study, write_leaderboard, write_leaderboard_markdown
from evaluation.metrics import METRICS
from evaluation.plots.dots import dots, dots_data
from evaluation.plots.pareto import pareto, pareto_data
from evaluation.plots.ranks import ranks, ranks_data
from evaluation.plots.style import write
from evaluation.plots.training_time import COLUMNS, training_time
from evaluation.records import MetricRecord
from evaluation.report.leaderboard_page import build_leaderboard_page
from evaluation.tables import METRIC, in_order
from evaluation.trainings import Run
from evaluation.wording import counted, listing

_REFERENCES = ("singan-frames", "external:SinGAN-GIF-authors")


def write_board(
    cells: pd.DataFrame,
    out: Path,
    *,
    protocol: str,
    order: Sequence[str] = (),
    minutes: Mapping[Run, float] | None = None,
    records: Sequence[MetricRecord] = (),
    reference: str | None = None,
    study: pd.DataFrame | None = None,
) -> None:
    """Write `out` (.csv) with .md and .html beside it, `comparisons.csv` and .md, and `figures/`.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        protocol: whose cells are meant.
        order: names of methods in the order of their registry.
        minutes: of training, by clip, method and seed.
        records: the metric files, for what was done to samples from outside and what was left out.
        reference: what all are compared with; by default the baseline, else the authors' samples, else the first.
        study: rates of a study of people (`evaluation.study.rate_table.read_rates`), if there was one.

    Raises:
        InputError: the cells cannot be compared.
    """
    board = leaderboard(cells, protocol=protocol, order=order)
    if study is not None:
        board = with_study(board, study)
    write_leaderboard(board, out)
    write_leaderboard_markdown(board, out.with_suffix(".md"))
    rivals = cells[(cells["protocol"] == protocol) & cells["kind"].isin(("method", "peer"))]
    ordered = in_order(rivals.drop_duplicates("method").set_index("method")["kind"], order)
    reference = reference or next((name for name in _REFERENCES if name in ordered), next(iter(ordered), None))
    comparisons = pd.DataFrame()
    if len(ordered) > 1:
        comparisons = compare(rivals, protocol=protocol, reference=reference, order=order)
        write_comparisons(comparisons, out.with_name("comparisons.csv"))
        write_comparisons_markdown(comparisons, out.with_name("comparisons.md"), protocol=protocol)
    drawn = {}
    if board["ranked"].any():
        drawn["ranks"] = (ranks(data := ranks_data(board)), data)
    if ordered:
        drawn["pareto"] = _pareto(board, order)
        data = dots_data(cells, METRICS[METRIC], protocol=protocol, order=order)
        drawn["dots"] = (dots(data, METRICS[METRIC]), data)
        times = _times(rivals, minutes or {}, ordered)
        if (times["minutes"] > 0).any():
            drawn["training_time"] = (training_time(times), times)
    drawn = {name: pair for name, pair in drawn.items() if pair is not None}
    for name, (figure, data) in drawn.items():
        write(figure, data, out.parent / "figures" / name)
    build_leaderboard_page(
        out.with_suffix(".html"),
        board,
        comparisons,
        {name: figure for name, (figure, _) in drawn.items()},
        warnings=_left_out(records),
        notes=_changed(records),
    )


def _pareto(board: pd.DataFrame, order: Sequence[str]):
    if "diversity_mean" not in board:
        return None
    data = pareto_data(board, METRICS[METRIC], METRICS["diversity"])
    return (pareto(data, METRICS[METRIC], METRICS["diversity"], order=order), data) if len(data) else None


def _times(cells: pd.DataFrame, minutes: Mapping[Run, float], ordered: Sequence[str]) -> pd.DataFrame:
    """A row a method and clip: mean SGFID, and minutes of training where it had one here."""
    values = cells[cells["metric"] == METRIC].groupby(["method", "clip"])["value"].mean()
    rows = []
    for method in ordered:
        for (name, clip), value in values.items():
            if name == method:
                own = [spent for (c, m, _), spent in minutes.items() if (c, m) == (clip, method)]
                rows.append((method, clip, float(np.mean(own)) if own else np.nan, value))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _left_out(records: Sequence[MetricRecord]) -> list[tuple[str, str]]:
    """The samples from outside that could not be used."""
    return [
        (
            f"Left out ({record.method}, {record.clip})",
            f"{counted(len(record.left_out), 'file')}: {'; '.join(record.left_out)}.",
        )
        for record in records
        if record.left_out
    ]


def _changed(records: Sequence[MetricRecord]) -> list[tuple[str, str]]:
    """What was done to samples from outside before they were scored, files with the same changes together."""
    found = []
    for record in records:
        by_change: dict[str, list[str]] = {}
        for note in record.notes:
            file, _, change = note.partition(": ")
            by_change.setdefault(change, []).append(file)
        parts = [f"{change} ({listing(files)})" for change, files in by_change.items()]
        if parts:
            found.append((f"Changed before scoring ({record.method}, {record.clip})", f"{'; '.join(parts)}."))
    return found
