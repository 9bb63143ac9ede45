"""Rule `table1`: Table 1 as CSV, Markdown and LaTeX."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.cells import read_cells
from evaluation.facts import facts_of_metrics
from evaluation.latex import write_latex
from evaluation.markdown import write_markdown
from evaluation.remarks import remarks
from evaluation.tables import table1, write_table1
from evaluation.trainings import read_costs
from workflow.layout import Layout
from workflow.methods import METHODS


def write_tables(cells_csv: Path, layout: Layout, out: Path) -> None:
    """Write `out` (.csv) and the same table as .md and .tex beside it.

    Raises:
        InputError: a file is missing or damaged.
    """
    cells, costs = read_cells(cells_csv), read_costs(layout.run_files("timings.json"))
    facts = facts_of_metrics(layout.metrics(cell) for cell in layout.cells())
    published = {m.name: m.published_sgfid for m in METHODS.values() if m.published_sgfid is not None}
    table = table1(cells, protocol=layout.protocol, published=published, order=layout.methods, costs=costs)
    printed = bool(table["published_sgfid"].notna().any())
    write_markdown(table, cells, facts, out.with_suffix(".md"), order=layout.methods)
    write_latex(table, remarks(cells, facts, protocol=layout.protocol, published=printed), out.with_suffix(".tex"))
    write_table1(table, out)


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--cells", type=Path, required=True)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    options = parser.parse_args(arguments)
    write_tables(options.cells, options.layout, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
