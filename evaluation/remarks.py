"""What must be said under every table of SGFID values, in words: computed from the cells, never typed by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from evaluation.encoders import LAYERS
from evaluation.facts import ClipFacts
from evaluation.metrics.sgfid import FEW_LOCATIONS
from evaluation.records import FLOOR
from evaluation.tables import in_order, sgfid_cells
from evaluation.wording import TIMES, counted, listing, number

_ENCODERS = {
    "inception-fid": "the FID Inception network with the weights that pytorch-fid uses",
    "inception-torchvision": "torchvision's Inception with ImageNet weights, which SinGAN's SIFID code loads",
    "random-inception": "the Inception stem with fixed-seed random weights",
}
_FROM_THE_CLIP = ("sgif-plus", "patch-nn", "external:VGPNN-authors")
"""Methods whose samples are made of the training clip's pixels."""
_PLACES = {
    "pre-pool2": "right before the second pooling layer",
    "pre-pool1": "right before the first pooling layer",
}


@dataclass(frozen=True)
class Remark:
    """A sentence or two for the reader. A `warning` changes what may be concluded; a `note` explains.

    Attributes:
        topic: one or two words that name it.
    """

    level: Literal["warning", "note"]
    topic: str
    text: str


def remarks(cells: pd.DataFrame, facts: Mapping[str, ClipFacts], *, protocol: str, published: bool) -> list[Remark]:
    """Everything that a reader of Table 1 must know, warnings first.

    Args:
        cells: as `evaluation.cells.read_cells` gives them.
        facts: of the clips in the cells.
        protocol: whose cells are meant.
        published: whether the table prints the paper's own values.
    """
    cells = sgfid_cells(cells, protocol)
    found = [
        _encoder(cells),
        *_sources(cells, facts),
        *_balance(cells),
        *_locations(cells),
        *([_paper(str(cells.iloc[0]["encoder"]))] if published else []),
        _interval(cells),
        _blindness(cells),
        *_floor(cells),
        *_sizes(facts, protocol),
        *_diversity(cells),
        *_patches(cells),
    ]
    return sorted(found, key=lambda remark: remark.level != "warning")


def warnings(found: list[Remark]) -> list[Remark]:
    """Only the warnings."""
    return [remark for remark in found if remark.level == "warning"]


def _encoder(cells: pd.DataFrame) -> Remark:
    encoder, layer = cells.iloc[0][["encoder", "layer"]]
    where = f", layer {layer}"
    if layer in LAYERS and layer in _PLACES:
        where += f" ({_PLACES[layer]}, {LAYERS[layer].dims} features a location)"
    what = f"{encoder} ({_ENCODERS[encoder]})" if encoder in _ENCODERS else str(encoder)
    if encoder == "random-inception":
        return Remark(
            "warning",
            "Stand-in encoder",
            f"SGFID was measured with {what}{where}. It needs no file of weights and stands in for a trained encoder. "
            "Its values are not comparable with anything else: not with another encoder, table or paper. Within a "
            "clip it only ranks samples much as trained weights do.",
        )
    return Remark("note", "Encoder", f"SGFID was measured with {what}{where}.")


def _sources(cells: pd.DataFrame, facts: Mapping[str, ClipFacts]) -> list[Remark]:
    clips = sorted(set(cells["clip"]))
    stand_ins = [clip for clip in clips if clip in facts and facts[clip].stand_in]
    kinds = dict(zip(cells["clip"], cells["clip_source"], strict=True))
    rest = {
        kind: [clip for clip in clips if kinds[clip] == kind and clip not in stand_ins]
        for kind in sorted(set(kinds.values()), key=lambda kind: (kind != "published", kind))
    }
    found = []
    if stand_ins:
        one = len(stand_ins) == 1
        found.append(
            Remark(
                "warning",
                "Stand-in clips",
                f"{listing(stand_ins)} {'is a synthetic stand-in' if one else 'are synthetic stand-ins'}: the real "
                f"{'clip was' if one else 'clips were'} neither downloaded nor staged, so {'a ' if one else ''}"
                f"procedurally rendered {'scene of that name was' if one else 'scenes of those names were'} used "
                f"instead. {'Its values say' if one else 'Their values say'} nothing about the real "
                f"{'clip' if one else 'clips'}.",
            )
        )
    words = {
        "published": "published by the paper's authors",
        "synthetic": "synthetic by design, procedurally rendered",
        "file": "from your own files",
    }
    parts = [f"{words.get(kind, kind)}: {listing(names)}" for kind, names in rest.items() if names]
    if parts:
        text = "; ".join(parts)
        found.append(Remark("note", "Other clips" if stand_ins else "Clips", f"{text[0].upper()}{text[1:]}."))
    return found


def _balance(cells: pd.DataFrame) -> list[Remark]:
    every = sorted(set(cells["clip"]))
    lacking = {
        method: [clip for clip in every if clip not in set(cells.loc[cells["method"] == method, "clip"])]
        for method in _methods(cells)
    }
    parts = [f"{method} lacks {listing(clips)}" for method, clips in lacking.items() if clips]
    if not parts:
        return []
    text = f"Not every method was scored on every clip: {'; '.join(parts)}. Their rows cannot be compared directly."
    return [Remark("warning", "Missing cells", text)]


def _locations(cells: pd.DataFrame) -> list[Remark]:
    cells = cells[cells["method"] != FLOOR]  # which has half of the frames
    smallest = cells.loc[cells["locations"].idxmin()]
    few = int(smallest["locations"])
    text = f"The smallest clip gave {few:,} feature locations a side ({smallest['clip']})."
    if few >= FEW_LOCATIONS:
        return [Remark("note", "Feature locations", text)]
    layer = LAYERS.get(str(smallest["layer"]))
    reason = (
        f"With fewer than {FEW_LOCATIONS:,} the covariance of {f'{layer.dims} ' if layer else 'the '}features is "
        "nearly singular: SGFID is then noisy, and too large for every method."
    )
    return [Remark("warning", "Few feature locations", f"{text} {reason}")]


def _paper(encoder: str) -> Remark:
    text = (
        "The paper reports an SGFID of 0.37 (SinGAN-GIF) and 0.89 (SinGAN on all frames), a ratio of 0.42, and does "
        "not say which network weights gave them. The authors' own published samples score 7.19 "
        "(192 features) or 0.91 (64 features) with inception-fid on five clips. So compare ratios to the baseline and "
        "to the published samples, never an absolute value here with one in the paper."
    )
    if encoder == "random-inception":
        text += " With the stand-in encoder even a ratio is only a hint."
    return Remark("note", "The paper's numbers", text)


def _interval(cells: pd.DataFrame) -> Remark:
    clips = cells["clip"].nunique()
    counts = cells.groupby(["method", "clip"]).size()
    if clips == 1:
        text = "There is one clip, so intervals resample its samples only and say nothing about other clips."
        if counts.max() == 1:
            text = "There is one clip with one sample a method, so no interval can be given."
        return Remark("note", "Intervals", text)
    what = "clips, then the samples of each" if counts.max() > 1 else "clips (there is one sample a clip)"
    text = (
        "A method's mean is the mean over clips of the mean over samples. The interval beside it is a 95 % bootstrap "
        f"interval that resamples {what}."
    )
    if clips < 10:
        text += f" With {clips} clips it is rough, and rather too narrow."
    return Remark("note", "Intervals", text)


def _blindness(cells: pd.DataFrame) -> Remark:
    text = (
        "SGFID compares the statistics of features over all places and frames. It sees neither the order of the "
        "frames nor copying, and a low value alone proves neither motion nor novelty."
    )
    shown = [
        f"{method} ({what}) scores {number(cells.loc[cells['method'] == method, 'value'].mean())}"
        for method, what in (("copy", "the clip itself"), ("shuffle-frames", "its frames in another order"))
        if (cells["method"] == method).any()
    ]
    if shown:
        text += f" The controls show it: {listing(shown)}."
    return Remark("note", "What SGFID cannot see", text)


def _floor(cells: pd.DataFrame) -> list[Remark]:
    if not (cells["method"] == FLOOR).any():
        return []
    text = (
        f"{FLOOR} is the second half of each real clip's frames scored against its first: what a value can be without "
        "any generation. It comes from half as many features, which makes it too large rather than too small."
    )
    return [Remark("note", "The floor", text)]


def _sizes(facts: Mapping[str, ClipFacts], protocol: str) -> list[Remark]:
    if not facts:
        return []
    by_size: dict[str, list[str]] = {}
    for clip, one in facts.items():
        by_size.setdefault(f"{one.width}{TIMES}{one.height} px, {counted(one.frames, 'frame')}", []).append(clip)
    parts = [f"{listing(clips)} {size}" for size, clips in by_size.items()]
    return [Remark("note", "Sizes", f"Protocol {protocol} trains and scores at: {'; '.join(parts)}.")]


def _diversity(cells: pd.DataFrame) -> list[Remark]:
    text = (
        "Diversity is the standard deviation of each grey voxel over the samples of a clip, averaged, as a share of "
        "the real clip's own: 0 means that all samples are the same. Mere shifting raises it, so more is not always "
        "better."
    )
    several = (cells.groupby(["method", "clip"]).size() > 1).any()
    return [Remark("note", "Diversity", text)] if several else []


def _patches(cells: pd.DataFrame) -> list[Remark]:
    found = [method for method in _methods(cells) if method in _FROM_THE_CLIP]
    if not found:
        return []
    text = (
        f"Samples of {listing(found)} are the clip's own pixels in new places. SGFID "
        "rewards real patches by its nature; the measures of copying say how far a sample is from the clip, and see "
        "moved pieces only in part. Such methods are good for many arrangements of a scene in its own materials, in "
        "seconds and without or with little training; nets trained by critics are slower and less sharp, and can make "
        "textures and motion that the clip does not show."
    )
    return [Remark("note", "Pixels of the clip", text)]


def _methods(cells: pd.DataFrame) -> list[str]:
    return in_order(cells.drop_duplicates("method").set_index("method")["kind"])
