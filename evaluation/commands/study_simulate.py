"""`python -m evaluation study simulate`: answers of simulated raters, as the page exports them."""

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "simulate",
        help="answers of simulated raters, to try a study before people do",
        description="Writes an export a worker and sheet, as the page would. Every report of them says that they are "
        "simulated.",
    )
    parser.add_argument("key", metavar="KEY", type=Path, help="the key folder, or a key file in it")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where the exports go")
    parser.add_argument("--workers", metavar="N", type=int, required=True, help="how many raters")
    parser.add_argument("--dprime", type=float, default=0.0, help="0: nobody can tell (default: %(default)s)")
    parser.add_argument("--bias", type=float, default=0.0, help="above 0: lean to fake (default: %(default)s)")
    parser.add_argument("--lapse", metavar="SHARE", type=float, default=0.0, help="guesses (default: %(default)s)")
    for name in ("worker", "clip", "item"):
        parser.add_argument(
            f"--{name}-spread", metavar="SD", type=float, default=0.0,
            help="in units of the noise of a judgement (default: %(default)s)",
        )  # fmt: skip
    parser.add_argument("--format", choices=("json", "csv"), default="json")
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate and write.

    Raises:
        InputError: a number is out of its range, or there are too few workers.
    """
    from datasets.files import write_json, write_text
    from evaluation.study.importers.page import COLUMNS
    from evaluation.study.key import read_key
    from evaluation.study.raters import Raters, simulate
    from evaluation.study.spreadsheet import csv_of

    raters = Raters(
        arguments.dprime, arguments.bias, arguments.lapse,
        arguments.worker_spread, arguments.clip_spread, arguments.item_spread,
    )  # fmt: skip
    exports = simulate(read_key(arguments.key), raters, arguments.workers, arguments.seed)
    for export in exports:
        path = arguments.out / f"{export['sheet']}-{export['participant']}.{arguments.format}"
        if arguments.format == "json":
            write_json(path, export)
        else:
            write_text(path, csv_of(COLUMNS, ([answer[name] for name in COLUMNS] for answer in export["answers"])))
    fake, real = raters.rates()
    dprime, criterion = raters.crowd()
    print(f"{len(exports)} exports; the crowd's rates: {fake:.3f} of fakes and {real:.3f} of real clips judged real, "
          f"d' {dprime:.3f}, criterion {criterion:.3f}")  # fmt: skip
    print(f"wrote {arguments.out}")
    return 0
