"""Rule `ablation_table`: the full model and its ablations on all metrics, and what that says of the paper's claims."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.files import read_json, write_json
from evaluation.ablation_table import ablation_table, write_ablation_table
from evaluation.cells import read_cells, write_cells
from evaluation.claims import judge, write_claims
from evaluation.facts import facts_of_metrics
from evaluation.trainings import read_costs
from workflow.layout import Layout
from workflow.methods import FULL

REMEDY = "delete it and run the same command again"


def write_tables(layout: Layout, timings: Sequence[Path], out: Path) -> None:
    """Write `out` (.csv), the same as .md and .tex, `cells.csv`, and `claims.md` and .json beside it.

    Args:
        timings: times of an iteration at the protocol's size, and at the size that the paper speaks of where measured.

    Raises:
        InputError: a file is missing or damaged.
    """
    files = [layout.metrics(cell) for cell in layout.cells()] + [layout.floor(clip) for clip in layout.clips]
    write_cells(files, out.with_name("cells.csv"))
    cells = read_cells(out.with_name("cells.csv"))
    timing, *paper = (read_json(path, REMEDY) for path in timings)
    costs = read_costs(layout.run_files("timings.json"))
    table = ablation_table(cells, protocol=layout.protocol, full=FULL, order=layout.methods, timing=timing, costs=costs)
    write_ablation_table(table, out)
    facts = facts_of_metrics(layout.metrics(cell) for cell in layout.cells())
    claims = judge(cells, paper[0] if paper else timing, protocol=layout.protocol, full=FULL, facts=facts)
    write_claims(claims, out.with_name("claims.md"), layout.protocol)
    write_json(out.with_name("claims.json"), [asdict(claim) for claim in claims])


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    parser.add_argument("--timing", type=Path, nargs="+", required=True)
    options = parser.parse_args(arguments)
    write_tables(options.layout, options.timing, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
