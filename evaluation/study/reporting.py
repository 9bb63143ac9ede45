"""Everything that is made of an analysis: numbers, page, methods paragraph and figures."""

from pathlib import Path

from evaluation.plots.study import by_clip, overall, study_data
from evaluation.plots.style import write
from evaluation.report.study_page import build_study_page
from evaluation.study.analysis import Analysis, rate_rows, write_analysis
from evaluation.study.paragraphs import write_methods
from evaluation.study.rate_table import write_rates


def write_report(analysis: Analysis, folder: Path) -> None:
    """Write `analysis.json`, `rates.csv`, `methods.md`, `study.html` and `figures/`.

    Raises:
        InputError: a file cannot be written.
    """
    margin = analysis.key.design.margin
    data = study_data(analysis)
    figures = {"overall": overall(data, margin), "by_clip": by_clip(data, margin)}
    for name, figure in figures.items():
        write(figure, data, folder / "figures" / f"study_{name}")
    write_methods(analysis, folder / "methods.md")
    build_study_page(folder / "study.html", analysis, figures)
    write_rates(rate_rows(analysis), folder / "rates.csv")
    write_analysis(analysis, folder / "analysis.json")
