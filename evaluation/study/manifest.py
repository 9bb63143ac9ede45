"""The manifest of a bundle: everything that a study assumes, without a word that labels an item."""

from collections.abc import Sequence
from typing import Any

from evaluation.study import media
from evaluation.study.key import Key

FORMAT = 1
PAGE_VERSION = "1"
"""Raised with every change of the page that could change an answer."""


def describe(
    key: Key,
    *,
    sizes: Sequence[tuple[int, int]],
    frames: Sequence[int],
    factor: int,
    length: int,
    synthetic: int,
    generic_consent: bool,
    pdf: bool,
) -> dict[str, Any]:
    """The manifest.

    Args:
        key: of the study; of its items only their number is said.
        sizes: of the clips before they are enlarged, height and width in pixels.
        frames: of the clips.
        factor: by which they are enlarged.
        length: bytes of each file.
        synthetic: how many real clips are synthetic stand-ins.
        generic_consent: whether the consent text is the generic one.
        pdf: whether the sheets were printed.
    """
    design = key.design
    return {
        "format": FORMAT,
        "study": key.study,
        "page_version": PAGE_VERSION,
        "design": design.blinded(),
        "sheets": len(key.sheets),
        "items": len(key.items) - len(key.practice),
        "items_a_sheet": len(next(iter(key.sheets.values()))),
        "practice_items": len(key.practice),
        "media": {
            "sizes": [list(size) for size in sizes],
            "frames": list(frames),
            "enlarged": factor,
            "colours": media.COLOURS,
            "codec": "H.264, yuv420p",
            "crf": media.CRF,
            "seconds_at_least": design.exposure_seconds + media.MARGIN_SECONDS,
            "bytes_each": length,
        },
        "synthetic_clips": synthetic,
        "consent": "generic text, not of an ethics board" if generic_consent else "given by the author of the study",
        "pdf": pdf,
        "assumptions": [line.format(colours=media.COLOURS, factor=factor, design=design) for line in _ASSUMPTIONS],
    }


_ASSUMPTIONS = (
    "All clips went one way: the first frames, as many as the shortest of a clip's items has; one palette of {colours} "
    "colours; a dither of one grey level at one pixel in 16, drawn for each item; each pixel repeated {factor} times "
    "in both directions; H.264; one loop repeated. Delays are the clip's own.",
    "Within a clip all files are equal outside of their pixel data; all files have one length and one time.",
    "What is shown of each source was drawn by seed, not picked.",
    "Each sheet shows every clip of the study once of each kind that the study mixes in, in different halves; two "
    "sheets at a time have the kinds exchanged. Sources are spread over sheets as in a Latin square.",
    "Ids and sheet numbers are keyed hashes; whoever has the key folder can tell what an item is.",
    "The page knows what practice items are, because it says so after the answer. They are not scored.",
    "Practice items are drawn scenes, and such scenes with their blocks exchanged: they teach the page, and no sign by "
    "which scored items could be told.",
    "Checks of attention are still mosaics of coloured blocks.",
    "A play shows a clip for {design.exposure_seconds:g} s by the page's clock, from its first frame on, and ends "
    "early where the page is hidden. There are at most {design.plays} plays, counted before they begin, in the storage "
    "of one browser. A person with a second browser, or with one that keeps nothing, can look again; answers from the "
    "latter have '+memory' in page_version.",
    "Sheets on paper show film strips without a limit of time; the page plays their clips under the same limits.",
    "Pixels, and what can be computed from them, are not hidden: whoever decodes two items can compare them.",
)
