"""`python -m evaluation leaderboard`: samples of several methods, scored and ranked without a workflow."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.errors import InputError, PartialError
from datasets.files import write_json
from evaluation.encoders import DEFAULT_ENCODER, DEFAULT_LAYER, ENCODERS, LAYERS
from evaluation.external import account, parse_external, read_samples, sample_files
from evaluation.metrics import METRICS, named

if TYPE_CHECKING:
    from datasets.clip import Clip
    from evaluation.measures import Reference

PROTOCOL = "own"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "leaderboard",
        help="all metrics of the samples of several methods, ranked",
        description="Every metric of the samples that several methods made from the same clips, with ranks, intervals, "
        "comparisons, figures and a page. A method's FOLDER has a folder for each clip, with GIF, MP4, WebP or .npz "
        "files or folders of PNG frames in it; or FOLDER is a path with {clip} in it.",
    )
    parser.add_argument(
        "out", metavar="OUT", type=Path, help="folder for leaderboard.csv, .md, .html and what is behind"
    )
    parser.add_argument(
        "--real", metavar="CLIP=FILE", action="append", required=True, help="a real clip; once for each clip"
    )
    parser.add_argument(
        "--external", metavar="NAME=FOLDER", action="append", required=True, help="a method; once for each method"
    )
    parser.add_argument("--max-frames", metavar="N", type=int, help="use only the first N frames of each clip")
    parser.add_argument("--resize", action="store_true", help="bring samples of another size to the real clip's")
    parser.add_argument("--metrics", nargs="+", default=list(METRICS), metavar="NAME", help="by default all")
    parser.add_argument("--study", metavar="FILE", type=Path, help="rates.csv of a real-or-fake study of these methods")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER, help=f"{', '.join(ENCODERS)} (default: %(default)s)")
    parser.add_argument("--layer", default=DEFAULT_LAYER, help=f"{', '.join(LAYERS)} (default: %(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Score, rank and write.

    Raises:
        InputError: nothing could be scored.
        PartialError: some samples could not be used; each has had its line on standard error.
    """
    from evaluation.board import write_board
    from evaluation.cells import read_cells, write_cells
    from evaluation.encoders.encoder import load_encoder
    from evaluation.measures import Reference, halves, measure_cell, other_layers
    from evaluation.records import FLOOR, read_record
    from evaluation.study.rate_table import read_rates

    named(arguments.metrics)
    study = read_rates(arguments.study) if arguments.study else None
    names = list(dict.fromkeys(["sgfid", *arguments.metrics]))
    methods = dict(parse_external(assignment) for assignment in arguments.external)
    clips = {name: _real(file, arguments.max_frames) for name, file in map(_assignment, arguments.real)}
    encoder = load_encoder(arguments.encoder, layer=arguments.layer, allow_download=True)
    layers = {
        layer: load_encoder(arguments.encoder, layer=layer, allow_download=True)
        for layer in other_layers(names, encoder.layer)
    }
    files, lost = [], 0
    for clip, real in clips.items():
        reference = Reference(real.frames, encoder, layers)
        for method, folder in methods.items():
            record, left = _score(clip, real, method, folder, reference, names, arguments.resize)
            lost += left
            if record:
                files.append(arguments.out / "metrics" / clip / f"external:{method}.json")
                write_json(files[-1], record)
        try:
            frames, half = halves(real.frames, encoder, layers)
        except InputError as error:
            print(f"{clip}: no floor: {error}", file=sys.stderr)
            continue
        files.append(arguments.out / "metrics" / clip / f"{FLOOR}.json")
        about = {**_about(clip, real), "method": FLOOR, "kind": "control"}
        write_json(files[-1], {**about, **measure_cell([(0, frames)], half, names)})
    records = [read_record(file) for file in files]
    if all(record.method == FLOOR for record in records):
        raise InputError(f"{arguments.out}: nothing could be scored; see the lines above")
    write_cells(files, arguments.out / "cells.csv")
    order = [f"external:{method}" for method in methods]
    board = arguments.out / "leaderboard.csv"
    write_board(
        read_cells(arguments.out / "cells.csv"), board,
        protocol=PROTOCOL, order=order, records=records, study=study,
    )  # fmt: skip
    print(f"wrote {board} with .md and .html beside it")
    if lost:
        raise PartialError(f"left out: {lost} files or folders, each named above")
    return 0


def _score(
    clip: str, real: "Clip", method: str, folder: str, reference: "Reference", names: list[str], resize: bool
) -> tuple[dict[str, Any] | None, int]:
    """The metric file of a method's samples of a clip, None without any; and how many had to be left out."""
    from evaluation.measures import measure_cell

    try:
        paths = sample_files(folder, clip)
    except InputError as error:
        _say(error)
        return None, 1
    samples, errors = read_samples(paths, real, resize=resize)
    for error in errors:
        _say(error)
    if not samples:
        return None, len(errors)
    print(f"{clip}: {method}, {len(samples)} of {len(paths)} samples", file=sys.stderr, flush=True)
    record = {
        **_about(clip, real),
        "method": f"external:{method}",
        "kind": "peer",
        **measure_cell([(paths.index(sample.file), sample.frames) for sample in samples], reference, names),
        **account(samples, errors),
    }
    return record, len(errors)


def _about(clip: str, real: "Clip") -> dict[str, Any]:
    return {
        "protocol": PROTOCOL, "clip": clip, "clip_sha256": real.sha256, "clip_source": dict(real.source), "seed": 0,
    }  # fmt: skip


def _assignment(text: str) -> tuple[str, str]:
    name, separator, file = text.partition("=")
    if not separator or not name or not file or "/" in name:
        raise InputError(f"--real {text}: not of the form CLIP=FILE")
    return name, file


def _real(file: str, max_frames: int | None) -> "Clip":
    from datasets.decode import read_video

    if max_frames is not None and max_frames < 2:
        raise InputError(f"--max-frames {max_frames}: must be 2 or more")
    return read_video(file, first=max_frames)


def _say(error: InputError) -> None:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
