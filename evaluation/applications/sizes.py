"""Other sizes, judged: whether a clip of twice the width looks more like the clip than the clip stretched to it.

Stretching costs nothing, keeps every frame's content and loses its proportions and, enlarged, its sharpness. SGFID
compares patches, so it sees both, and does not mind that there are more of them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.resize import resize_frames
from evaluation.applications.score import Scorer
from evaluation.applications.verdict import Measure, Shown, Verdict

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

_CELL = 44
"""Height in pixels of a frame of the clip's own size on the contact sheet."""


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.sizes.gallery` made.

    Args:
        real: the clip.
        made: samples called `HEIGHTxWIDTH`, in multiples of the clip's.
        about: not asked.
        encoder: of SGFID.
    """
    score = Scorer(real.frames, encoder)
    measures = []
    for name, title in (("1x2", "twice the width"), ("2x1", "twice the height"), ("2x2", "twice both"),
                        ("1x0.5", "half the width")):  # fmt: skip
        frames = made[name].frames
        stretched = resize_frames(real.frames, *frames.shape[1:3])
        measures.append(
            Measure(
                f"sgfid_{name}", f"SGFID at {title}", score(frames), "the clip, stretched bicubically", score(stretched)
            )
        )
    wide = made["1x2"].frames
    stretched = resize_frames(real.frames, *wide.shape[1:3])
    return Verdict(
        measures=measures,
        sheet=_sheet(real.frames, made),
        shown=[
            Shown("the clip", real.frames),
            Shown("twice as wide: the clip, stretched", stretched),
            Shown("twice as wide: a sample", wide),
            Shown("twice as high: a sample", made["2x1"].frames),
            Shown("twice both: a sample", made["2x2"].frames),
        ],
        delays_ms=real.delays_ms.tolist(),
        notes=[f"SGFID of a sample of the clip's own size: {score(made['1x1'].frames):.1f}."],
    )


def _sheet(real: np.ndarray, made: Mapping[str, Clip]) -> np.ndarray:
    """Each size's first frame at its place and true proportions: heights from above, widths from the left."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = _CELL, round(_CELL * real.shape[2] / real.shape[1])
    factors, gap, text = (0.5, 1.0, 1.5, 2.0), 6, 12
    tops = np.cumsum([text + gap, *(round(f * height) + gap + text for f in factors)])
    lefts = np.cumsum([gap, *(round(f * width) + gap for f in factors)])
    sheet = Image.new("RGB", (int(lefts[-1]) + 2 * (width * 2 + gap) // 2, int(tops[-1])), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)

    def paste(frames: np.ndarray, left: int, top: int, size: tuple[int, int], label: str) -> None:
        picture = Image.fromarray(np.ascontiguousarray(frames[0])).resize(size[::-1], Image.Resampling.BICUBIC)
        sheet.paste(picture, (left, top))
        draw.text((left, top - text), label, fill="black", font=font)

    for row, high in enumerate(factors):
        for column, wide in enumerate(factors):
            clip = made.get(f"{high:g}x{wide:g}")
            if clip is not None:
                size = round(high * height), round(wide * width)
                paste(clip.frames, int(lefts[column]), int(tops[row]), size, f"{high:g} x {wide:g}")
    right = int(lefts[-1]) + gap
    paste(real, right, int(tops[0]), (height, width), "the clip")
    paste(real, right, int(tops[2]), (height, 2 * width), "stretched")
    return np.asarray(sheet)
