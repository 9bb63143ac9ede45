"""`python -m evaluation score REAL FAKE…`: SGFID of generated clips."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from datasets.errors import InputError, PartialError
from datasets.files import write_json
from evaluation.encoders import DEFAULT_ENCODER, DEFAULT_LAYER, ENCODERS, LAYERS

if TYPE_CHECKING:
    from evaluation.scoring import Score


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "score",
        help="SGFID of generated clips against their real one",
        description="SGFID of each FAKE against REAL: lower is better, 0 for a copy. Clips are GIF, MP4, WebP, APNG, "
        ".npz or folders of PNG frames. Values of different encoders or layers are never comparable.",
    )
    parser.add_argument("real", metavar="REAL", help="the clip that was trained on")
    parser.add_argument("fakes", metavar="FAKE", nargs="+", help="generated clips")
    parser.add_argument(
        "--encoder",
        default=DEFAULT_ENCODER,
        help=f"{', '.join(ENCODERS)} (default: %(default)s); weights are looked for in SGIF_INCEPTION_WEIGHTS, in the "
        "stage SGIF_STAGE, in the cache of torch.hub, then downloaded",
    )
    parser.add_argument("--layer", default=DEFAULT_LAYER, help=f"{', '.join(LAYERS)} (default: %(default)s)")
    parser.add_argument("--max-frames", metavar="N", type=int, help="use only the first N frames of each clip")
    parser.add_argument(
        "--resize", action="store_true", help="bring FAKEs of another size to REAL's size instead of refusing them"
    )
    parser.add_argument("--json", metavar="FILE", help="also write the scores to FILE, a list of objects")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Score, print, and write JSON if asked to.

    Raises:
        InputError: nothing could be scored.
        PartialError: some clips could not be scored; each has had its line on standard error.
    """
    from evaluation.encoders.encoder import load_encoder
    from evaluation.encoders.location import find_weights
    from evaluation.scoring import score

    failures: list[tuple[str, InputError]] = []

    def on_failure(name: str, error: InputError) -> None:
        failures.append((name, error))
        if len(arguments.fakes) > 1:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)

    located = find_weights(arguments.encoder, allow_download=True)
    if located and located.kind == "download":
        print(f"downloading the weights of {located.encoder} from {located.where}", file=sys.stderr)
    encoder = load_encoder(arguments.encoder, layer=arguments.layer, allow_download=True)
    scores = score(
        arguments.real,
        arguments.fakes,
        encoder,
        max_frames=arguments.max_frames,
        resize=arguments.resize,
        on_failure=on_failure,
    )
    if not scores:
        if len(failures) == 1:
            raise failures[0][1]
        raise InputError(f"{arguments.real}: none of the {len(failures)} clips could be scored; see the lines above")
    if arguments.json:
        _write(arguments.json, scores)
    _print(scores, encoder.dims)
    if failures:
        names = ", ".join(name for name, _ in failures)
        raise PartialError(f"scored {len(scores)} of {len(arguments.fakes)} clips; left out: {names}")
    return 0


def _write(path: str, scores: Sequence["Score"]) -> None:
    try:
        write_json(path, [asdict(each) for each in scores])
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another file for --json") from error


def _print(scores: Sequence["Score"], dims: int) -> None:
    first = scores[0]
    print(f"SGFID against {first.real}: {first.encoder}, {first.layer} ({dims}-d), {first.frames} frames")
    for each in scores:
        notes = f"  ({'; '.join(each.notes)})" if each.notes else ""
        print(f"{each.sgfid:12.6f}  {each.fake}{notes}")
    if len(scores) > 1:
        print(f"{sum(each.sgfid for each in scores) / len(scores):12.6f}  mean of {len(scores)}")
