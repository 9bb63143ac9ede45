"""Rule `ablation_report`: the full model and its ablations side by side, one self-contained file."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.files import read_json
from evaluation.cells import read_cells
from evaluation.claims import Claim
from evaluation.comparisons import compare
from evaluation.report.ablation_page import build_ablation_report
from workflow.layout import Layout
from workflow.methods import FULL
from workflow.scripts.ablation_table import REMEDY
from workflow.versions import versions


def write_report(
    layout: Layout, cells_csv: Path, claims_json: Path, timing_json: Path, notes: Sequence[str], out: Path
) -> None:
    """Write the report to `out`.

    Raises:
        InputError: a file is missing or damaged.
    """
    cells = read_cells(cells_csv)
    claims = [
        Claim(**{**claim, "clips": tuple(claim["clips"]), "seeds": tuple(claim["seeds"])})
        for claim in read_json(claims_json, REMEDY)
    ]
    build_ablation_report(
        out,
        title=f"Ablations of SinGAN-GIF, protocol {layout.protocol}",
        protocol=layout.protocol,
        variants=layout.methods,
        comparisons=compare(cells, protocol=layout.protocol, reference=FULL, order=layout.methods),
        cells=cells,
        claims=claims,
        clips={clip: layout.clip(clip) for clip in layout.clips},
        samples={cell: layout.sample_files(cell) for cell in layout.cells()},
        losses=layout.run_files("losses.jsonl"),
        configs=layout.run_files("config.json"),
        timings=layout.run_files("timings.json"),
        timing=read_json(timing_json, REMEDY),
        versions=versions(),
        notes=notes,
    )


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("out", type=Path)
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    for name in ("cells", "claims", "timing"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--notes", type=json.loads, default=[])
    options = parser.parse_args(arguments)
    write_report(options.layout, options.cells, options.claims, options.timing, options.notes, options.out)


if __name__ == "__main__":
    sys.exit(run(main))
