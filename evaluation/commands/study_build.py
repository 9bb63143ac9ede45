"""`python -m evaluation study build OUT`: sheets, page and media of a study, and its key."""

import argparse
from pathlib import Path

from datasets.errors import InputError
from evaluation.study.design import PRESETS, Design, make_design, read_changes


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "build",
        help="sheets, page and media from clips and samples",
        description="Writes OUT/bundle (what raters get), OUT/key (what each item is, and the secret: never hand it "
        "out) and OUT/platforms (for MTurk, Prolific, Label Studio). A secret that is there is kept, so that ids stay.",
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the study")
    parser.add_argument("--results", metavar="FOLDER", type=Path, help="a results folder of the workflow")
    parser.add_argument("--clips", nargs="+", default=[], metavar="CLIP", help="of --results; by default all")
    parser.add_argument(
        "--methods", nargs="+", default=[], metavar="METHOD", help="of --results; by default all but controls"
    )
    parser.add_argument(
        "--real", metavar="CLIP=FILE", action="append", default=[], help="a real clip, at its training's size"
    )
    parser.add_argument(
        "--fake", metavar="METHOD=FOLDER", action="append", default=[],
        help="samples of a method, in a folder for each clip or a path with {clip} in it",
    )  # fmt: skip
    parser.add_argument("--preset", default="rigorous", help=f"{', '.join(PRESETS)} (default: %(default)s)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="another value of the design, such as samples=6"
    )
    parser.add_argument("--resize", action="store_true", help="bring samples of another size to the real clip's")
    parser.add_argument("--key", metavar="FOLDER", type=Path, help="for key and secret (default: OUT/key)")
    parser.add_argument("--consent", metavar="FILE", type=Path, help="consent text, in place of a generic one")
    parser.add_argument("--address", metavar="URL", help="where the bundle will be on the web")
    parser.add_argument("--completion", metavar="CODE", help="Prolific's completion code (by default one is made)")
    parser.add_argument("--no-pdf", action="store_true", help="do not print the sheets, even where there is a browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build and write.

    Raises:
        InputError: a file, a folder or a value cannot be used.
    """
    from evaluation.study.bundle import build, say
    from evaluation.study.materials import from_folders, from_results, methods_of
    from evaluation.study.platforms import ADDRESS, write_platforms

    if bool(arguments.results) == bool(arguments.real or arguments.fake):
        raise InputError("study build: needs either --results FOLDER, or --real and --fake; name one of the two")
    if arguments.results:
        methods = arguments.methods or methods_of(arguments.results)
        materials = from_results(arguments.results, arguments.clips, methods)
    else:
        fakes = dict(_pair("--fake", text) for text in arguments.fake)
        methods = list(fakes)
        materials = from_folders(dict(_pair("--real", text) for text in arguments.real), fakes)
    clips = tuple(material.clip for material in materials)
    design = _design(arguments, tuple(methods), clips)
    bundle, key = arguments.out / "bundle", arguments.key or arguments.out / "key"
    built = build(
        bundle,
        key,
        materials,
        design,
        resize=arguments.resize,
        consent=arguments.consent,
        address=arguments.address,
        completion=arguments.completion,
        pdf=not arguments.no_pdf,
    )
    write_platforms(arguments.out / "platforms", built, arguments.address or ADDRESS)
    say(built, bundle, key)
    return 0


def _design(arguments: argparse.Namespace, methods: tuple[str, ...], clips: tuple[str, ...]) -> Design:
    changes = read_changes(dict(_pair("--set", text) for text in arguments.set))
    return make_design(arguments.preset, methods, clips, **changes)


def _pair(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (separator and name and value):
        raise InputError(f"{option} {text}: not of the form NAME=VALUE")
    return name, value
