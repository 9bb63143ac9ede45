"""What every metric says of every control of a clip, beside what its registry entry says that it must.

A control counts as worse on a metric when it is farther from the best value than the clip's own second half is, scored
against its first half: less than that could be chance. The floor itself comes from half as many frames.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from datasets.errors import InputError
from datasets.files import write_text
from evaluation.comparisons import csv_text, short
from evaluation.controls import CONTROLS
from evaluation.markdown import escape, grid
from evaluation.metrics import METRICS
from evaluation.metrics.metric import Metric
from evaluation.plots import heatmap
from evaluation.plots.style import arrow, write
from evaluation.texts import read_texts

COLUMNS = ("clip", "metric", "control", "value", "floor", "expected", "found")
_REMEDY = "delete it and let the step that makes it run again"
_ROUNDING = 1e-6
"""Two halves may be equal to a metric, and a control that it is blind to differs from them by rounding alone."""
_WORDS = {"worse": "must be worse", "blind": "must not be worse", "any": "either"}

Values = Mapping[str, float | None]


def control_rows(clip: str, values: Mapping[str, Values], floors: Values) -> pd.DataFrame:
    """The outcomes of one clip.

    Args:
        clip: its name.
        values: for every control the value of every metric, None where undefined.
        floors: of every metric the value of half against half.

    Returns:
        A frame with exactly the columns `COLUMNS`: `expected` is worse, blind or any; `found` is worse or same, or
        empty where the metric ranks nothing or a value is undefined.
    """
    rows = [
        (clip, name, control, _number(own.get(name)), _number(floors.get(name)), expected(metric, control),
         found(metric, own.get(name), floors.get(name)))
        for name, metric in METRICS.items() for control, own in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def expected(metric: Metric, control: str) -> Literal["worse", "blind", "any"]:
    """What the metric's entry says of a control."""
    return "worse" if control in metric.worse_on else "blind" if control in metric.same_on else "any"


def found(metric: Metric, value: float | None, floor: float | None) -> Literal["worse", "same", ""]:
    """Whether a value is worse than the floor."""
    if metric.direction == "none" or value is None or floor is None or np.isnan(value) or np.isnan(floor):
        return ""
    return "worse" if metric.badness(value) > metric.badness(floor) + _ROUNDING else "same"


def surprises(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The rows whose outcome is not the expected one; undefined values surprise nobody."""
    wanted = outcomes["expected"].map({"worse": "worse", "blind": "same", "any": ""})
    return outcomes[(wanted != "") & (outcomes["found"] != "") & (outcomes["found"] != wanted)]


def unseen(outcomes: pd.DataFrame) -> list[tuple[str, str]]:
    """Controls (clip, control) that no metric finds worse than the floor; a copy is to be found by one of copying."""
    hits = outcomes[outcomes["found"] == "worse"]
    copying = hits["metric"].map(lambda name: METRICS[name].group == "copying")
    hits = hits[(hits["control"] != "copy") | copying]
    seen = set(zip(hits["clip"], hits["control"], strict=True))
    return [pair for pair in dict.fromkeys(zip(outcomes["clip"], outcomes["control"], strict=True)) if pair not in seen]


def write_rows(outcomes: pd.DataFrame, path: str | Path) -> None:
    """Write outcomes as CSV; floats read back exactly."""
    write_text(path, csv_text(outcomes))


def read_rows(paths: Iterable[str | Path]) -> pd.DataFrame:
    """Read what `write_rows` wrote, files one after another.

    Raises:
        InputError: a file is missing or has other columns.
    """
    frames = []
    for path in paths:
        frame = read_texts(Path(path), "makes the controls", _REMEDY)
        if tuple(frame.columns) != COLUMNS:
            raise InputError(f"{path}: has other columns than {', '.join(COLUMNS)}; {_REMEDY}")
        frames.append(frame.assign(**{key: pd.to_numeric(frame[key], errors="coerce") for key in ("value", "floor")}))
    return pd.concat(frames, ignore_index=True)


def write_matrix(outcomes: pd.DataFrame, out: Path) -> None:
    """Write all clips' outcomes to `out` (.md), the data (.csv), and a heat map a clip (-CLIP.svg, .png, .csv)."""
    write_rows(outcomes, out.with_suffix(".csv"))
    for clip, own in outcomes.groupby("clip", sort=False):
        shown = own[own["found"] != ""]
        write(heatmap.controls(shown), own, out.with_name(f"{out.stem}-{clip}"))
    write_text(out, _markdown(outcomes))


def _markdown(outcomes: pd.DataFrame) -> str:
    wrong, blind = surprises(outcomes), unseen(outcomes)
    checked = int(((outcomes["expected"] != "any") & (outcomes["found"] != "")).sum())
    blocks = [
        "# What every metric says of every control",
        "A control is a clip made from the real one by hand. It counts as worse (**bold**) when it is farther from "
        "the metric's best value than the clip's second half is against its first (the floor). Marks: ▴ the metric's "
        "entry says that it must be worse, = that it must not be; ! the outcome is another. A metric without a floor "
        "(a dash: halves of so few frames have no value) finds nothing.",
        f"{checked - len(wrong)} of {checked} stated outcomes were found."
        + "".join(f" {escape(row.clip)}: {row.metric} on {row.control}, {_WORDS[row.expected]}: {short(row.value)} "
                  f"(floor {short(row.floor)})." for row in wrong.itertuples()),
        "Every control is found by some metric, and a copy by one of copying." if not blind else
        "Not found by any metric: " + ", ".join(f"{control} ({escape(clip)})" for clip, control in blind) + ".",
    ]  # fmt: skip
    for clip, own in outcomes.groupby("clip", sort=False):
        controls = list(dict.fromkeys(own["control"]))
        rows = []
        for name, values in own.groupby("metric", sort=False):
            by_control = {row.control: row for row in values.itertuples()}
            floor = next(iter(by_control.values())).floor
            rows.append([arrow(METRICS[name]), short(floor), *(_cell(by_control[control]) for control in controls)])
        blocks += [f"## {escape(clip)}", grid(["metric", "floor", *controls], rows)]
    described = "\n".join(f"- {name}: {control.shows}" for name, control in CONTROLS.items())
    return "\n\n".join([*blocks, "## The controls", described]) + "\n"


def _cell(row) -> str:
    value = f"**{short(row.value)}**" if row.found == "worse" else short(row.value)
    sign = {"worse": " ▴", "blind": " =", "any": ""}[row.expected]
    wanted = {"worse": "worse", "blind": "same"}.get(row.expected, row.found)
    return f"{value}{sign}{' !' if row.found and row.found != wanted else ''}"


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)
