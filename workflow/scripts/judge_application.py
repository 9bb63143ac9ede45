"""Rule `judge_application`: the measures of an application on a clip, its contact sheet, and its clips for the page."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.clip import load_clip
from datasets.encode import write_png
from datasets.files import read_sealed, write_json, write_sealed
from evaluation.applications import animation, composition, lengthen, sizes, slowmo, superresolution
from evaluation.applications.verdict import Verdict
from evaluation.encoders.encoder import load_encoder
from evaluation.report.sprites import Form, make_sheet
from workflow.applications import find_application

JUDGES: Mapping[str, Callable[..., Verdict]] = {
    "sizes": sizes.judge,
    "slowmo": slowmo.judge,
    "lengthen": lengthen.judge,
    "compose": composition.judge,
    "superres": superresolution.judge,
    "animate": animation.judge,
}
"""What judges each application: called with the real clip, what was made by name, its record, and an encoder."""

REMEDY = "delete it and let the step that makes it run again"
_COLOURS, _SHOWN_AREA = 128, 160 * 284
"""Of the contact sheet; pixels of a frame on the page at most."""


def judge(clip: Path, made: Path, encoder: str, layer: str, weights: Path, out: Path) -> None:
    """Write the sealed measures to `out`, and beside them `{name}.png` and `{name}.tiles.json`.

    Raises:
        InputError: a file is missing or damaged.
    """
    about = read_sealed(made, REMEDY)
    application, real = find_application(about["application"]), load_clip(clip)
    clips = {name: load_clip(made.parent / f"{name}.npz") for name in about["clips"]}
    found = JUDGES[application.name](real, clips, about, load_encoder(encoder, weights, layer))
    write_png(out.with_suffix(".png"), found.sheet, colours=_COLOURS)
    tiles = []
    for shown in found.shown:
        height, width = shown.frames.shape[1:3]
        scale = min(1.0, (_SHOWN_AREA / (height * width)) ** 0.5)
        tiles.append({"label": shown.label, "sheet": asdict(make_sheet(shown.frames, Form(80, scale)))})
    write_json(out.with_suffix(".tiles.json"), {"delays_ms": list(map(int, found.delays_ms)), "tiles": tiles})
    write_sealed(
        out,
        {
            "format": 1,
            "application": application.name,
            "clip": clip.stem,
            **{key: about[key] for key in ("method", "preset", "size", "iterations", "factor")},
            "frames": about["trained_frames"],
            "encoder": encoder,
            "layer": layer,
            "measures": [measure.to_json() for measure in found.measures],
            "notes": list(found.notes),
        },
    )


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("made", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--layer", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    options = parser.parse_args(arguments)
    judge(options.clip, options.made, options.encoder, options.layer, options.weights, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
