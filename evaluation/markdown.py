"""Table 1 as Markdown for reading: rounded, controls apart, and in words what the numbers do and do not say."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.files import write_text
from evaluation import wording
from evaluation.clip_table import clip_table
from evaluation.facts import ClipFacts
from evaluation.remarks import Remark, remarks, warnings
from evaluation.tables import in_order, ratios

_HEADINGS = {"method": "Methods", "peer": "Peers", "control": "Controls"}
_LEADS = {
    "control": "Controls show what SGFID can and cannot see. They are no generative models and compete with nobody.",
    "peer": "Samples of other methods, scored by the same code.",
}


def write_markdown(
    table: pd.DataFrame,
    cells: pd.DataFrame,
    facts: Mapping[str, ClipFacts],
    out: str | Path,
    *,
    baseline: str = "singan-frames",
    order: Sequence[str] = (),
) -> None:
    """Write Table 1 to `out`.

    Args:
        table: as `evaluation.tables.table1` makes it.
        cells: the cells that it was made from.
        facts: of every clip (`evaluation.facts`).
        baseline: the method that others are given as a multiple of, where the table has it.
        order: names of methods in the order of their registry.
    """
    protocol = str(table["protocol"].iloc[0])
    found = remarks(cells, facts, protocol=protocol, published=bool(table["published_sgfid"].notna().any()))
    blocks = [f"# Table 1, protocol {escape(protocol)}"]
    if loud := warnings(found):
        topics = "; ".join(remark.topic.lower() for remark in loud)
        blocks.append(f"> **Warning: {escape(topics)}.** The full warnings stand below the tables.")
    first = table.iloc[0]
    blocks.append(f"SGFID, lower is better. Encoder {escape(first['encoder'])}, layer {escape(first['layer'])}.")
    for kind, heading in _HEADINGS.items():
        if (table["kind"] == kind).any():
            blocks += [f"## {heading}", *([_LEADS[kind]] if kind in _LEADS else []), _methods(table, kind, baseline)]
    blocks += ["## By clip", *_by_clip(clip_table(cells, protocol=protocol, order=order), order)]
    blocks += ["## How to read this", "\n".join(_remark(remark) for remark in found)]
    write_text(out, "\n\n".join(blocks) + "\n")


def escape(text: object) -> str:
    """Text as Markdown shows it, on one line; names of clips and methods may hold anything."""
    return re.sub(r"([\\`*_|\[\]<>#&])", r"\\\1", " ".join(str(text).split()))


def _remark(remark: Remark) -> str:
    loud = "WARNING, " if remark.level == "warning" else ""
    topic = remark.topic.lower() if loud else remark.topic
    return f"- **{loud}{escape(topic)}.** {escape(remark.text)}"


def _methods(table: pd.DataFrame, kind: str, baseline: str) -> str:
    columns: dict[str, list[str]] = {"Method": [escape(name) for name in table["method"]]}
    if table["clip_set"].nunique() > 1:
        columns["Clip set"] = list(table["clip_set"])
    columns["Clips"] = [str(count) for count in table["clips"]]
    columns["Samples"] = [f"{count:,}" for count in table["samples"]]
    columns["SGFID mean"] = [wording.number(value) for value in table["sgfid_mean"]]
    columns["95 % interval"] = [
        wording.interval(low, high) for low, high in zip(table["sgfid_ci_low"], table["sgfid_ci_high"], strict=True)
    ]
    columns["Median"] = [wording.number(value) for value in table["sgfid_median"]]
    multiples = ratios(table, baseline)
    if kind != "control" and not np.isnan(multiples).all():
        columns[f"Ratio to {escape(baseline)}"] = [wording.number(value) for value in multiples]
    if kind == "method":
        columns["Training a clip"] = [wording.minutes(value) for value in table["train_minutes"]]
        columns["Peak memory"] = [wording.memory(value) for value in table["peak_memory_mb"]]
    if kind == "method" and table["published_sgfid"].notna().any():
        columns["Paper's SGFID"] = [wording.exact(value) for value in table["published_sgfid"]]
    text = [name for name in columns if name in ("Method", "Clip set")]
    frame = pd.DataFrame(columns)[(table["kind"] == kind).to_numpy()]
    return grid(list(columns), frame.to_numpy().tolist(), left=len(text))


def _by_clip(table: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """One table a group of kinds: the mean SGFID, and in brackets the diversity."""
    blocks = []
    for heading, kinds in (("Methods", ("method", "peer")), ("Controls", ("control",))):
        own = table[table["kind"].isin(kinds)]
        if own.empty:
            continue
        methods = in_order(own.drop_duplicates("method").set_index("method")["kind"], order)
        cells = {(row.clip, row.method): row for row in own.itertuples()}
        rows = [
            [escape(clip), *(_cell(cells.get((clip, method))) for method in methods)]
            for clip in sorted(set(own["clip"]))
        ]
        blocks += [
            f"{heading}: mean SGFID, and in brackets the diversity of the samples.",
            grid(["Clip", *map(escape, methods)], rows),
        ]
    return blocks


def _cell(row: Any) -> str:
    if row is None:
        return wording.MISSING
    diversity = "" if np.isnan(row.diversity) else f" ({wording.number(row.diversity)})"
    return f"{wording.number(row.sgfid_mean)}{diversity}"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table whose source is aligned too; the first `left` columns to the left, the rest to the right."""
    widths = [max(3, *(len(row[index]) for row in (header, *rows))) for index in range(len(header))]
    lines = [_line(header, widths, left)]
    lines.append("| " + " | ".join("-" * (w if i < left else w - 1) + ("" if i < left else ":")
                                   for i, w in enumerate(widths)) + " |")  # fmt: skip
    return "\n".join([*lines, *(_line(row, widths, left) for row in rows)])


def _line(row: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [
        text.ljust(width) if index < left else text.rjust(width)
        for index, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"
