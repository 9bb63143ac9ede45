"""The first sentence of a page: which method has the lower SGFID, by how much, on what, and how sure that is."""

from collections.abc import Mapping

import pandas as pd

from evaluation.facts import ClipFacts
from evaluation.intervals import balanced_mean, ratio_interval
from evaluation.tables import RESAMPLES, groups_by_clip, sgfid_cells
from evaluation.wording import counted, interval, listing, number

_MANY_CLIPS = 4


def headline(
    cells: pd.DataFrame,
    facts: Mapping[str, ClipFacts],
    *,
    protocol: str,
    baseline: str = "singan-frames",
    bootstrap: int = RESAMPLES,
    seed: int = 0,
) -> str:
    """One or two sentences.

    The method with the lowest mean is compared with `baseline`, or with the runner-up if it is the baseline itself (or
    there is none), over the clips that both were scored on.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        facts: of the clips in the cells.
        protocol: whose cells to take.
        bootstrap, seed: of the interval of the ratio.
    """
    cells = sgfid_cells(cells, protocol)
    first = cells.iloc[0]
    stand_in = ", a stand-in with random weights" if first["encoder"] == "random-inception" else ""
    measured = f"measured with {first['encoder']}{stand_in} ({first['layer']})"
    rivals = cells[cells["kind"] != "control"]
    groups = {str(method): groups_by_clip(own) for method, own in rivals.groupby("method")}
    if not groups:
        return f"Only controls were scored, on {_clips(sorted(set(cells['clip'])), facts)}, {measured}."
    means = {method: balanced_mean(list(by_clip.values())) for method, by_clip in groups.items()}
    ranked = sorted(groups, key=lambda method: (means[method], method))
    best = ranked[0]
    other = baseline if baseline in groups and best != baseline else next(iter(ranked[1:]), None)
    common = [clip for clip in groups[best] if other is not None and clip in groups[other]]
    if other is None or not common:
        clips = sorted(groups[best])
        return f"On {_clips(clips, facts)}, {best} has a mean SGFID of {number(means[best])}, {measured}."
    above, below = ([groups[method][clip] for clip in common] for method in (best, other))
    values = [balanced_mean(above), balanced_mean(below)]
    lead = f"On {_clips(common, facts)}, {best} has the "
    lead += "lower SGFID" if len(ranked) == 2 else f"lowest SGFID of {len(ranked)} methods"
    if values[1] <= 0:
        return f"{lead}: {number(values[0])} against {number(values[1])} for {other}, {measured}."
    ratio = ratio_interval(above, below, resamples=bootstrap, seed=seed)
    compared = f"{number(values[0])} against {number(values[1])}"
    sentence = f"{lead}: {number(ratio.estimate)} times that of {other} ({compared}), {measured}."
    if ratio.over == "nothing":
        return f"{sentence} With one sample each, nothing can be said about how sure that is."
    sure = f"The 95 % interval of the ratio is {interval(ratio.low, ratio.high)}"
    sure += " (over samples of this one clip)" if ratio.over == "samples" else ""
    if ratio.low <= 1 <= ratio.high:
        return f"{sentence} {sure}; it includes 1, so the two cannot be told apart here."
    return f"{sentence} {sure}."


def _clips(clips: list[str], facts: Mapping[str, ClipFacts]) -> str:
    """The clips by name, or counted if they are many; stand-ins are called so."""
    stand_ins = [clip for clip in clips if clip in facts and facts[clip].stand_in]
    if len(clips) > _MANY_CLIPS:
        some = f", {len(stand_ins)} of them synthetic stand-ins" if stand_ins else ""
        return counted(len(clips), "clip") + some
    if stand_ins and len(stand_ins) == len(clips):
        return f"{'a synthetic stand-in' if len(clips) == 1 else 'synthetic stand-ins'} for {listing(clips)}"
    return listing([f"{clip} (a synthetic stand-in)" if clip in stand_ins else clip for clip in clips])
