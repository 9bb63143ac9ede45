"""`python -m evaluation study hits OUT`: the sheets of a study on MTurk, in its sandbox unless told otherwise."""

import argparse
import re
from pathlib import Path

from datasets.errors import InputError
from datasets.files import write_json


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "hits",
        help="put the sheets on MTurk (its sandbox, unless told otherwise)",
        description="Creates one HIT for each file of OUT/platforms/mturk/questions. Needs boto3 (extra mturk) and AWS "
        "credentials.",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the study")
    parser.add_argument("--key", metavar="FOLDER", type=Path, help="key folder (default: OUT/key)")
    parser.add_argument("--reward", required=True, metavar="DOLLARS", help="for a sheet, such as 0.50")
    parser.add_argument("--live", action="store_true", help="on MTurk itself, where workers are paid")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Create the HITs.

    Raises:
        InputError: a file is missing, or the platform refuses.
    """
    from evaluation.study.key import read_key
    from evaluation.study.platforms.mturk import Offer, connect, create_hits

    if not re.fullmatch(r"\d+\.\d\d", arguments.reward):
        raise InputError(f"--reward {arguments.reward}: not of the form 0.50; name dollars and cents")
    key = read_key(arguments.key or arguments.out / "key")
    folder = arguments.out / "platforms" / "mturk" / "questions"
    questions = {}
    for sheet in key.sheets:
        path = folder / f"{sheet}.xml"
        if not path.is_file():
            raise InputError(f"{path}: no such file; build the study again with --address")
        questions[sheet] = path.read_text(encoding="utf-8")
        if "https://example.org/" in questions[sheet]:
            raise InputError(f"{path}: leads to example.org; build the study with --address where its bundle lies")
    hits = create_hits(
        connect(live=arguments.live), key.study, key.design.votes, questions, Offer(reward=arguments.reward)
    )
    out = arguments.out / "platforms" / "mturk" / ("hits.json" if arguments.live else "hits-sandbox.json")
    write_json(out, hits)
    print(f"created {len(hits)} HITs {'on MTurk' if arguments.live else 'in the sandbox'}; ids in {out}")
    return 0
