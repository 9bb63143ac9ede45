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

_FACTORS = (0.5, 1.0, 1.5, 2.0)
_CELL = 72
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
    for name, title in (("1x2", "twice the width"), ("2x1", "twice the height"), ("2x2", "twice both")):
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
    """Each size's first frame at its place and in true proportion; in places left free the clip, and it stretched."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = _CELL, round(_CELL * real.shape[2] / real.shape[1])
    gap, text = 6, 12
    lefts = np.cumsum([gap, *(round(factor * width) + gap for factor in _FACTORS)])
    tops = np.cumsum([gap + text, *(round(factor * height) + gap + text for factor in _FACTORS)])
    sheet = Image.new("RGB", (int(lefts[-1]), int(tops[-1] - text)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    cells = {(high, wide): (f"{high:g}x{wide:g}", (high, wide)) for high in _FACTORS for wide in _FACTORS}
    frames = {label: (label.replace("x", " x "), made[label].frames) for label, _ in cells.values() if label in made}
    frames["2x1.5"], frames["1.5x2"] = ("the clip", real), ("the clip, stretched to 1 x 2", real)
    shapes = {"2x1.5": (1, 1), "1.5x2": (1, 2)}
    for (high, wide), (label, own) in cells.items():
        if label not in frames:
            continue
        shape = shapes.get(label, own)
        size = round(shape[1] * width), round(shape[0] * height)
        words, video = frames[label]
        picture = Image.fromarray(np.ascontiguousarray(video[0])).resize(size, Image.Resampling.BICUBIC)
        left, top = int(lefts[_FACTORS.index(wide)]), int(tops[_FACTORS.index(high)])
        sheet.paste(picture, (left, top))
        draw.text((left, top - text), words, fill="black", font=font)
    return np.asarray(sheet)
