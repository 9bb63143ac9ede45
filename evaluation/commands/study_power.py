"""`python -m evaluation study power`: how large a study must be."""

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "power",
        help="how large a study must be, before it is made",
        description="The chance that a study shows its rate to be near 50 %, and that it sees a rate that is not, for "
        "every combination of sizes. Each sheet has one fake a clip, and people of its own.",
    )
    parser.add_argument("--clips", metavar="N", type=int, nargs="+", default=[3, 5, 9, 18])
    parser.add_argument("--samples", metavar="N", type=int, nargs="+", default=[10], help="fakes a clip")
    parser.add_argument("--votes", metavar="N", type=int, nargs="+", default=[3, 5, 10], help="an item")
    parser.add_argument("--margin", metavar="RATE", type=float, default=0.10, help="of the equivalence test")
    parser.add_argument("--rate", type=float, default=0.5, help="true rate for the equivalence test")
    parser.add_argument(
        "--apart", metavar="RATE", type=float, default=0.15, help="from 0.5, for the test of a difference"
    )
    parser.add_argument("--lapse", metavar="SHARE", type=float, default=0.02, help="of answers that are guesses")
    spreads = {"worker": 0.3, "clip": 0.2, "item": 0.3}
    for name, value in spreads.items():
        parser.add_argument(
            f"--{name}-spread", metavar="SD", type=float, default=value,
            help="standard deviation in units of the noise of a judgement (default: %(default)s)",
        )  # fmt: skip
    parser.add_argument(
        "--simulate", metavar="N", type=int, default=1000, help="studies a size; 0: a formula (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the table as CSV too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table.

    Raises:
        InputError: a number is out of its range.
    """
    from datasets.errors import InputError
    from datasets.files import write_text
    from evaluation.comparisons import csv_text
    from evaluation.study.power import at_rate, power_table
    from evaluation.study.raters import Raters

    if not 0 <= arguments.simulate <= 100_000:
        raise InputError(f"--simulate {arguments.simulate}: must be 0 to 100000; change it")
    raters = Raters(
        lapse=arguments.lapse, worker_spread=arguments.worker_spread, clip_spread=arguments.clip_spread,
        item_spread=arguments.item_spread,
    )  # fmt: skip
    table = power_table(
        arguments.clips, arguments.samples, arguments.votes, at_rate(raters, arguments.rate),
        arguments.margin, arguments.apart, studies=arguments.simulate, seed=arguments.seed,
    )  # fmt: skip
    if arguments.out:
        write_text(arguments.out, csv_text(table))
    titles = {
        "half_width": "± at 50 %",
        "power_equivalence": "shows near 50 %",
        "power_difference": "sees a difference",
    }
    shares = {name: "{:.1%}".format if name == "half_width" else "{:.0%}".format for name in titles}
    shown = table.assign(**{name: table[name].map(form) for name, form in shares.items()})
    shown = shown.rename(columns={**titles, "total_votes": "all votes"})
    print(shown.to_string(index=False))
    return 0
