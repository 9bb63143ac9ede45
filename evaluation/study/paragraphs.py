"""The study in words: a headline, a methods paragraph ready to paste, and what a reader must know."""

import math
from pathlib import Path

from datasets.files import write_text
from evaluation.markdown import escape
from evaluation.study.analysis import PAPER, Analysis, MethodResult
from evaluation.study.exclusions import describe
from evaluation.study.rates import Estimate, wilson
from evaluation.wording import MISSING, counted, listing

_FEW_CLIPS = 5
_PERCENT = "\N{NO-BREAK SPACE}%"


def percent(value: float) -> str:
    """`48.9 %`."""
    return MISSING if math.isnan(value) else f"{100 * value:.1f}{_PERCENT}"


def interval(low: float, high: float) -> str:
    """`38.8 to 59.0 %`."""
    return MISSING if math.isnan(low) or math.isnan(high) else f"{100 * low:.1f} to {100 * high:.1f}{_PERCENT}"


def p_value(p: float) -> str:
    """`p = 0.034`, `p < 0.001`."""
    return MISSING if math.isnan(p) else "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def signed(estimate: Estimate, digits: int = 2) -> str:
    """`0.57 (0.29 to 0.86)`."""
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} to {estimate.high:.{digits}f})"


def points(estimate: Estimate) -> str:
    """A difference of rates in percentage points: `-11.1 (-24.9 to 3.3)`."""
    return signed(Estimate(*(100 * v for v in (estimate.value, estimate.low, estimate.high)), estimate.n), 1)


def headline(analysis: Analysis) -> str:
    """The study in a few sentences."""
    margin, alone = 100 * analysis.key.design.margin, len(analysis.methods) == 1
    parts = []
    for method, result in analysis.methods.items():
        rate = result.majority.rate
        sure = f", 95{_PERCENT} interval {interval(rate.low, rate.high)}" if alone else ""
        parts.append(f"{result.majority.judged} of {rate.n} clips by {method} ({percent(rate.value)}{sure})")
    sentences = [f"Most people took {listing(parts)} for real."]
    if analysis.reals is not None:
        sentences.append(f"Of votes on real clips, {percent(analysis.reals.clustered.value)} said so.")
    shown = [method for method, result in analysis.methods.items() if _shown(result)]
    near = f"within {margin:g} points of 50{_PERCENT}"
    if alone:
        sentences.append(f"The rate by vote is {'' if shown else 'not '}shown to lie {near}.")
    else:
        whose = f"for {listing(shown)}" if shown else "for none of them"
        sentences.append(f"The rate by vote is shown to lie {near} {whose}.")
    return " ".join(sentences)


def methods_paragraphs(analysis: Analysis) -> list[str]:
    """What a paper has to say of the study: how it was done, what was left out, what was found."""
    return [_done(analysis), _left_out(analysis), *_found(analysis), _means()]


def write_methods(analysis: Analysis, path: Path) -> None:
    """Write `methods.md`; what changes the conclusions comes first, so that it is not pasted without."""
    cautions = [f"**{escape(topic)}.** {escape(text)}" for topic, text in warnings(analysis)]
    blocks = ["# Real-or-fake study: methods and results", *cautions, *map(escape, methods_paragraphs(analysis))]
    write_text(path, "\n\n".join(blocks) + "\n")


def warnings(analysis: Analysis) -> list[tuple[str, str]]:
    """Topic and text of what changes what may be concluded."""
    counts, design = analysis.counts, analysis.key.design
    found = []
    if counts["simulated"]:
        text = f"{counted(counts['simulated'], 'vote')} of {counts['counted']} come from simulated raters. "
        found.append(("Simulated", f"{text}They test the analysis, and say nothing about any clip."))
    if analysis.reals is None:
        found.append(
            (
                "No real clips",
                "Only fakes were shown, as in the paper. Half judged real then need not mean that nobody can tell: "
                "people who expect real clips, or lean to that answer, give the same rate. A study with real clips in "
                "the mix (preset rigorous) can tell the two apart.",
            )
        )
    if synthetic := [clip for clip, kind in _kinds(analysis).items() if kind == "synthetic"]:
        found.append(
            (
                "Synthetic clips",
                f"{listing(synthetic)}: rendered scenes in place of real clips. That people take "
                "them, or what imitates them, for real says nothing about real clips.",
            )
        )
    if len(design.clips) < _FEW_CLIPS:
        found.append(
            (
                "Few clips",
                f"{counted(len(design.clips), 'clip')}: the result is about these, and intervals that are to hold for "
                "other clips of this kind are wide.",
            )
        )
    if counts["fakes_without_votes"]:
        found.append(
            (
                "Not judged",
                f"{counts['fakes_without_votes']} of {counts['fakes']} fakes have no vote that counts; rates are of "
                "the others.",
            )
        )
    if counts["not_recorded"]:
        found.append(
            (
                "Not recorded",
                f"Of {counted(counts['not_recorded'], 'counted vote')} exposure or reaction time is not known, so the "
                "rules about them could not be applied.",
            )
        )
    return found


def reading(analysis: Analysis) -> list[tuple[str, str]]:
    """How to read the report."""
    lines = [
        (
            "Majority and votes",
            "The paper reports majorities of three. A majority is not linear in the votes: if every vote says real "
            "with chance 0.30, a majority of three does so with 0.216. So both stand here.",
        ),
        (
            "Three intervals",
            "Wilson's takes votes as independent, which they are not, and is the narrowest. The clustered one allows "
            "for people who lean to an answer and clips that are easy for all; it is the one to report. The bootstrap "
            "draws workers and clips, and is mostly wider.",
        ),
        (
            "Equivalence",
            "Shown only where the clustered 90 % interval lies within the margin. Not shown does not mean different: "
            "the study may be too small.",
        ),
        (
            "Agreement",
            "Alpha near 0 is what guessing gives. It is no fault of the study where nobody can tell.",
        ),
        (
            "The paper's 44 of 90",
            "Other people, clips, sizes and encoding, and no real clips or checks: a difference says little about "
            "the methods.",
        ),
    ]
    if analysis.reals is not None:
        lines.insert(
            3,
            (
                "d' and criterion",
                f"d' is 0 where nobody can tell; a criterion above 0 leans to fake. The {len(analysis.reals_by_clip)} "
                "real clips are as many stimuli, however many votes there are. d' is the crowd's: people who differ "
                "bring it nearer to 0.",
            ),
        )
    return lines


def _shown(result: MethodResult) -> bool:
    return result.equivalence is not None and result.equivalence.shown


def _done(analysis: Analysis) -> str:
    key, counts = analysis.key, analysis.counts
    design = key.design
    many = len(design.clips)
    text = (
        f"Study {key.study} (preset {design.preset}) was fixed before the first vote. "
        f"People saw {counted(design.samples, 'sample')} of {listing(design.methods)} for each of "
        f"{counted(many, 'clip')}{_sources(analysis)}"
    )
    text += ", mixed with the real clips, " if design.reals else ", without any real clip, "
    text += (
        f"and said real or fake. Each was shown for {design.exposure_seconds:g} seconds, at most "
        f"{_times(design.plays)}; real and fake clips were encoded alike.{_shape(analysis)} "
    )
    if design.practice:
        text += f"{counted(design.practice, 'practice item')} with feedback came first. "
    if design.catch_trials:
        text += f"Each sheet had {counted(design.catch_trials, 'catch trial')}. "
    if design.sheets_per_worker is not None:
        text += f"Nobody's votes count for more than {counted(design.sheets_per_worker, 'sheet')}. "
    least, median, most = counts["votes_a_worker"]
    each = f"{most}" if least == most else f"{least} to {most}, median {median:g},"
    text += (
        f"{counted(counts['workers'], 'person', 'people')} gave {counted(counts['counted'], 'vote')} that count "
        f"({counts['on_fakes']} on fakes, {counts['on_reals']} on real clips; {each} a person), on "
        f"{counted(counts['sheets'], 'sheet')}."
    )
    return text


def _sources(analysis: Analysis) -> str:
    kinds = list(_kinds(analysis).values())
    return f" ({listing([f'{kinds.count(kind)} {kind}' for kind in sorted(set(kinds))])})" if kinds else ""


def _kinds(analysis: Analysis) -> dict[str, str]:
    """Where each clip is from, as far as the key says: published, synthetic, file."""
    sources = analysis.key.made_from.get("clip_sources", {})
    kinds = {clip: source.get("kind") if isinstance(source, dict) else source for clip, source in sources.items()}
    words = {"file": "of our own"}
    return {clip: words.get(kinds[clip], str(kinds[clip])) for clip in analysis.key.design.clips if clip in kinds}


def _shape(analysis: Analysis) -> str:
    """How many frames of what size the clips have, as far as the key says."""
    made = analysis.key.made_from
    sizes = sorted({tuple(size) for size in made.get("size", {}).values()})
    frames = sorted(set(made.get("frames", {}).values()))
    if not sizes or not frames:
        return ""
    count = f"{frames[0]}" if len(frames) == 1 else f"{frames[0]} to {frames[-1]}"
    shape = listing([f"{height} x {width}" for height, width in sizes]) if len(sizes) < 3 else "several sizes, at most "
    if len(sizes) >= 3:
        height, width = max(sizes, key=lambda size: size[0] * size[1])
        shape += f"{height} x {width}"
    return f" They have {count} frames of {shape} pixels."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _left_out(analysis: Analysis) -> str:
    counts, rules = analysis.counts, describe(analysis.key.design)
    excluded = {rule: count for rule, count in counts["excluded"].items() if rule != "catch-trial"}
    if not excluded:
        text = "No vote was left out by the rules fixed beforehand."
    else:
        parts = [f"{count} by {rule} ({rules[rule].rstrip('.')})" for rule, count in excluded.items()]
        text = f"Left out by rules fixed beforehand: {'; '.join(parts)}."
    if counts["workers_left_out"]:
        text += f" Of {counted(counts['workers_left_out'], 'person', 'people')} no vote counts."
    short = counts["fakes_with_fewer_votes"]
    if short or counts["fakes_without_votes"]:
        text += (
            f" Of {counts['fakes']} fakes {counts['fakes_without_votes']} have no vote, and {short} fewer than "
            f"{analysis.key.design.votes}."
        )
    return text


def _found(analysis: Analysis) -> list[str]:
    found = []
    for method, result in analysis.methods.items():
        majority, votes, test = result.majority, result.votes, result.equivalence
        ties = f"; {counted(majority.ties, 'tie')} counted as not real" if majority.ties else ""
        text = (
            f"By majority, {majority.judged} of {majority.rate.n} clips by {method} were judged real "
            f"({percent(majority.rate.value)}, 95 % Wilson interval {interval(majority.rate.low, majority.rate.high)}"
            f"{ties}); by vote {percent(votes.clustered.value)} of {votes.clustered.n} (95 % interval clustered by "
            f"worker and clip {interval(votes.clustered.low, votes.clustered.high)}, worker × clip bootstrap "
            f"{interval(votes.bootstrap.low, votes.bootstrap.high)})."
        )
        if test is not None:
            text += (
                f" That the rate by vote lies within {100 * test.margin:g} points of 50 % is "
                f"{'' if test.shown else 'not '}shown (two one-sided tests, {p_value(test.p)}; clustered 90 % interval "
                f"{interval(test.low, test.high)})."
            )
        if (told := result.detection) is not None:
            text += (
                f" Against the real clips, d' = {signed(told.dprime)} and criterion c = {signed(told.criterion)}, "
                f"log-linear correction, clustered 95 % intervals; the real clips are {len(analysis.reals_by_clip)} "
                f"stimuli. They were judged real {points(told.gap)} points more often."
            )
        text += f" Krippendorff's alpha was {_agreement(result.agreement)}."
        text += (
            f" The paper reports {PAPER[0]} of {PAPER[1]} ({percent(PAPER[0] / PAPER[1])}, "
            f"{_paper_interval()}) under other conditions (its own clips and workers, fakes only, no checks); the "
            f"difference of this study's from it is {points(analysis.paper[method])} points."
        )
        found.append(text)
    for (one, other), gap in analysis.differences.items():
        found.append(f"By vote, {one} was judged real {points(gap)} points more often than {other} (clustered).")
    return found


def _paper_interval() -> str:
    paper = wilson(*PAPER)
    return f"Wilson {interval(paper.low, paper.high)}"


def _agreement(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "not defined, because all votes were alike"
    return signed(estimate) if not math.isnan(estimate.low) else f"{estimate.value:.2f}"


def _means() -> str:
    return (
        "Intervals: Wilson's score interval; two-way cluster-robust standard errors on the logit scale with Student's "
        "quantiles at Satterthwaite's degrees of freedom; the pigeonhole bootstrap (2,000 draws of workers and clips); "
        "alpha by drawing clips, then stimuli; differences of majorities by Newcombe's method."
    )
