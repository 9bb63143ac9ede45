"""The page of a real-or-fake study: what people took for real, how sure that is, and what was left out."""

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from datasets.files import write_text
from evaluation.plots.style import svg
from evaluation.report.document import data_uri, render
from evaluation.report.parts import Picture, RowGroup, Table
from evaluation.study.analysis import PAPER, Analysis, MethodResult, VoteRate
from evaluation.study.exclusions import describe
from evaluation.study.paragraphs import (
    headline,
    interval,
    methods_paragraphs,
    p_value,
    percent,
    points,
    reading,
    signed,
    warnings,
)
from evaluation.study.rates import Estimate, wilson
from evaluation.wording import MISSING

_TEXTS = {
    "overall": (
        "Rates of judged real by method, majority and votes, beside the paper's; the values stand in the table.",
        "Band: the margin of the equivalence test around one half. Votes with the clustered interval, majorities with "
        "Wilson's.",
    ),
    "by_clip": (
        "Rates of judged real among votes by clip and method; the values stand in the table.",
        "Votes of each clip, intervals clustered by worker and sample.",
    ),
}


def build_study_page(out: str | Path, analysis: Analysis, figures: Mapping[str, Figure]) -> None:
    """Write one self-contained HTML file to `out`.

    Args:
        analysis: of the study.
        figures: `overall` and `by_clip`.
    """
    design, counts = analysis.key.design, analysis.counts
    context = {
        "title": f"Real or fake? Study {analysis.key.study}",
        "headline": headline(analysis),
        "warnings": [{"topic": topic, "text": text} for topic, text in warnings(analysis)],
        "facts": [
            ("Preset", design.preset),
            ("People", f"{counts['workers']:,}"),
            ("Votes on fakes", f"{counts['on_fakes']:,}"),
            ("Votes on real clips", f"{counts['on_reals']:,}"),
            ("Clips", str(len(design.clips))),
            ("Fakes", str(counts["fakes"])),
        ],
        "overall": _overall(analysis),
        "tests": _tests(analysis),
        "pictures": {name: Picture(data_uri(svg(figure), "image/svg+xml"), *_TEXTS[name])
                     for name, figure in figures.items()},
        "clips": _clips(analysis),
        "left_out": _left_out(analysis),
        "methods": methods_paragraphs(analysis),
        "design": [(name.replace("_", " "), _setting(value)) for name, value in design.to_json().items()],
        "reading": reading(analysis),
    }  # fmt: skip
    write_text(out, render("study_report.html", context, scripts=()))


def _overall(analysis: Analysis) -> Table:
    rows = []
    for method, result in analysis.methods.items():
        rows.append(_majority_row(method, result.majority.judged, result.majority.rate, points(analysis.paper[method])))
        rows.append(_vote_row(method, result.votes))
    if analysis.reals is not None:
        rows.append(_vote_row("real clips", analysis.reals))
    rows.append(_majority_row("the paper", PAPER[0], wilson(*PAPER), MISSING))
    columns = [
        "Clips by",
        "Counted",
        "Judged real",
        "Rate",
        "Wilson",
        "Clustered",
        "Bootstrap",
        "Points above the paper",
    ]
    return Table("Judged real, with 95 % intervals", columns, [RowGroup(None, rows)], texts=2)


def _majority_row(name: str, judged: int, rate: Estimate, above: str) -> list[str]:
    ends = interval(rate.low, rate.high)
    return [name, "majority", f"{judged} of {rate.n}", percent(rate.value), ends, MISSING, MISSING, above]


def _vote_row(name: str, votes: VoteRate) -> list[str]:
    one = votes.independent
    ends = (one, votes.clustered, votes.bootstrap)
    return [
        name, "votes", f"{round(one.value * one.n)} of {one.n}", percent(one.value),
        *(interval(each.low, each.high) for each in ends), MISSING,
    ]  # fmt: skip


def _tests(analysis: Analysis) -> Table:
    columns = ["Method", "Within the margin of 50 %", "p", "90 % interval", "d'", "Criterion",
               "Real minus fake, points", "Alpha"]  # fmt: skip
    rows = []
    for method, result in analysis.methods.items():
        test, told = result.equivalence, result.detection
        rows.append(
            [
                method,
                "shown" if test.shown else "not shown",
                p_value(test.p).removeprefix("p = ").removeprefix("p "),
                interval(test.low, test.high),
                *([MISSING] * 3 if told is None else [signed(told.dprime), signed(told.criterion), points(told.gap)]),
                _defined(result.agreement),
            ]
        )
    groups = [RowGroup(None, rows)]
    if analysis.differences:
        pairs = [f"{one} minus {other}: {points(gap)} points" for (one, other), gap in analysis.differences.items()]
        groups.append(RowGroup(f"By vote, clustered: {'; '.join(pairs)}", []))
    margin = f"{100 * analysis.key.design.margin:g}"
    return Table(f"Equivalence (margin {margin} points), detection and agreement", columns, groups)


def _clips(analysis: Analysis) -> Table:
    clips = analysis.key.design.clips
    groups = []
    for method in analysis.methods:
        own = {clip: analysis.by_clip[method, clip] for clip in clips if (method, clip) in analysis.by_clip}
        groups.append(RowGroup(method, [_clip_row(clip, result) for clip, result in own.items()]))
    if analysis.reals is not None:
        rows = [
            [clip, MISSING, MISSING, percent(rate.clustered.value), interval(rate.clustered.low, rate.clustered.high),
             str(rate.clustered.n), MISSING]
            for clip, rate in analysis.reals_by_clip.items()
        ]  # fmt: skip
        groups.append(RowGroup("Real clips", rows))
    columns = ["Clip", "By majority", "Wilson", "By vote", "Clustered", "Votes", "Alpha"]
    return Table("Judged real by clip, with 95 % intervals", columns, groups)


def _clip_row(clip: str, result: MethodResult) -> list[str]:
    majority, votes = result.majority, result.votes.clustered
    return [
        clip, f"{majority.judged} of {majority.rate.n}", interval(majority.rate.low, majority.rate.high),
        percent(votes.value), interval(votes.low, votes.high), str(votes.n), _defined(result.agreement),
    ]  # fmt: skip


def _left_out(analysis: Analysis) -> Table:
    rules = describe(analysis.key.design)
    counts = analysis.counts
    rows = [[rule, text, str(counts["excluded"].get(rule, 0))] for rule, text in rules.items()]
    groups = [RowGroup("Votes, by the rules that were fixed when the study was built", rows)]
    if counts["no_votes"]:
        other = [["no vote", reason, str(count)] for reason, count in counts["no_votes"].items()]
        groups.append(RowGroup("Answers and remarks that are no votes", other))
    return Table("Left out", ["Rule", "What it says", "How many"], groups, texts=2)


def _defined(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return MISSING
    return f"{estimate.value:.2f}" if math.isnan(estimate.low) else signed(estimate)


def _setting(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if value is None:
        return "any number"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
