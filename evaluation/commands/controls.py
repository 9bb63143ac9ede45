"""`python -m evaluation controls REAL…`: what every metric says of every control of some clips."""

import argparse
import sys
from pathlib import Path

from datasets.errors import InputError
from evaluation.encoders import DEFAULT_ENCODER, DEFAULT_LAYER, ENCODERS, LAYERS


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "controls",
        help="what every metric says of every control of some clips",
        description="Spoils each clip in ten known ways and gives what every metric says, beside what it should say.",
    )
    parser.add_argument("real", metavar="REAL", nargs="+", type=Path, help="clips")
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="a .md; .csv and figures go beside it")
    parser.add_argument("--max-frames", metavar="N", type=int, help="use only the first N frames of each clip")
    parser.add_argument("--encoder", default=DEFAULT_ENCODER, help=f"{', '.join(ENCODERS)} (default: %(default)s)")
    parser.add_argument("--layer", default=DEFAULT_LAYER, help=f"{', '.join(LAYERS)} (default: %(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure and write.

    Raises:
        InputError: a clip cannot be used.
    """
    import pandas as pd

    from datasets.decode import read_video
    from evaluation.control_matrix import control_rows, write_matrix
    from evaluation.encoders.encoder import load_encoder
    from evaluation.measures import Reference, halves, measure, measure_controls, other_layers
    from evaluation.metrics import METRICS

    if arguments.out.suffix != ".md":
        raise InputError(f"{arguments.out}: must end in .md; choose such a name")
    encoder = load_encoder(arguments.encoder, layer=arguments.layer, allow_download=True)
    layers = {
        layer: load_encoder(arguments.encoder, layer=layer, allow_download=True)
        for layer in other_layers(METRICS, encoder.layer)
    }
    tables = []
    for path in arguments.real:
        print(f"{path}: measuring", file=sys.stderr, flush=True)
        clip = read_video(path, first=arguments.max_frames)
        frames, half = halves(clip.frames, encoder, layers)
        values = measure_controls(clip, Reference(clip.frames, encoder, layers))
        # Two clips may be called real.mp4; their folder tells them apart.
        name = path.stem if len({p.stem for p in arguments.real}) == len(arguments.real) else path.parent.name
        tables.append(control_rows(name, values, measure(frames, half)))
    write_matrix(pd.concat(tables, ignore_index=True), arguments.out)
    print(f"wrote {arguments.out}")
    return 0
