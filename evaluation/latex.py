"""Table 1 as LaTeX (booktabs), to be \\input into a paper."""

import re
from pathlib import Path

import pandas as pd

from datasets.files import write_text
from evaluation import wording
from evaluation.remarks import Remark, warnings

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    wording.MISSING: "--",
    wording.TIMES: r"$\times$",
    "∞": r"$\infty$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def write_latex(table: pd.DataFrame, found: list[Remark], out: str | Path) -> None:
    """Write Table 1 to `out`: a `table` environment that needs the packages booktabs and, for accents, any engine
    that reads UTF-8.

    Args:
        table: as `evaluation.tables.table1` makes it.
        found: the remarks of `evaluation.remarks.remarks`; the caption says the encoder and the warnings' topics.
    """
    several_sets = table["clip_set"].nunique() > 1
    header = ["Method", *(["Clip set"] if several_sets else []), "Clips", "Samples", "SGFID", r"95\,\% interval",
              "Median", "Training", "Memory", "Paper"]  # fmt: skip
    lines = []
    previous = None
    for row in table.itertuples():
        if previous not in (None, row.kind):
            lines.append(r"\midrule")
        previous = row.kind
        cells = [
            row.method,
            *([row.clip_set] if several_sets else []),
            str(row.clips),
            str(row.samples),
            wording.number(row.sgfid_mean),
            wording.interval(row.sgfid_ci_low, row.sgfid_ci_high),
            wording.number(row.sgfid_median),
            wording.minutes(row.train_minutes),
            wording.memory(row.peak_memory_mb),
            wording.exact(row.published_sgfid),
        ]
        lines.append(" & ".join(map(escape, cells)) + r" \\")
    first = table.iloc[0]
    caption = (
        f"SGFID (lower is better), protocol {first['protocol']}, encoder {first['encoder']}, layer {first['layer']}. "
        "Mean over clips with a bootstrap interval; training time is the mean a clip, memory the peak."
    )
    if loud := warnings(found):
        caption += f" Warning: {'; '.join(remark.topic.lower() for remark in loud)}."
    alignment = "ll" if several_sets else "l"
    document = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escape(caption)}}}",
        r"  \label{tab:sgfid}",
        f"  \\begin{{tabular}}{{{alignment}{'r' * (len(header) - len(alignment))}}}",
        r"    \toprule",
        f"    {' & '.join(header)} \\\\",
        r"    \midrule",
        *(f"    {line}" for line in lines),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    write_text(out, "\n".join(document) + "\n")


def escape(text: object) -> str:
    """Text as LaTeX prints it, on one line."""
    pattern = "[" + re.escape("".join(_ESCAPES)) + "]"
    return re.sub(pattern, lambda match: _ESCAPES[match.group()], " ".join(str(text).split()))
