"""What a rule's result depends on in our own code: a hash over modules, given to the rule as a param.

Snakemake does not see that an imported module was edited; a changed param makes it run the rule again.
"""

import hashlib
from functools import cache
from pathlib import Path

from sgif.identity import TRAINING_MODULES

HOME = Path(__file__).resolve().parents[1]

_MEASURING = (
    # Without the registry: its words change no value, and which metrics there are is a param.
    "evaluation/encoders/*.py", "evaluation/measures.py", "evaluation/metrics/[!_]*.py", "evaluation/nearest.py",
    "evaluation/statistics.py",
)  # fmt: skip

_READING = (
    "datasets/arrays.py", "datasets/clip.py", "datasets/containers.py", "datasets/decode.py", "datasets/headers.py",
    "datasets/names.py", "datasets/pixels.py", "datasets/resize.py",
)  # fmt: skip
# From cells to what people read: orders, titles, remarks, intervals.
_TELLING = (
    "evaluation/clip_table.py", "evaluation/comparisons.py", "evaluation/facts.py", "evaluation/intervals.py",
    "evaluation/markdown.py", "evaluation/metrics/__init__.py", "evaluation/metrics/metric.py",
    "evaluation/remarks.py", "evaluation/tables.py", "evaluation/texts.py", "evaluation/trainings.py",
    "evaluation/wording.py", "sgif/methods.py", "workflow/methods.py",
)  # fmt: skip

# Stem of a script -> the modules that decide its output. What only talks (progress, command lines) is left out.
# tests/workflow/test_code.py compares this with what the scripts import, and says of each module left out why.
MODULES: dict[str, tuple[str, ...]] = {
    "clips": (*_READING, "datasets/sources.py", "datasets/synthetic/*.py"),
    "encoders": ("evaluation/encoders/*.py",),
    "training": tuple(f"sgif/{name}.py" for name in TRAINING_MODULES),
    "samples": (
        "sgif/sampler.py", "sgif/model.py", "sgif/noise.py", "sgif/frames.py", "sgif/retrieval.py", "sgif/nearest.py",
        "sgif/patch_index.py", "sgif/assignment.py", "sgif/patch_layout.py", "sgif/voting.py", "sgif/layers.py",
        "sgif/slow.py",
        "evaluation/controls.py",
    ),
    "reference": ("evaluation/encoders/*.py", "evaluation/features.py", "evaluation/statistics.py"),
    "external": (*_READING, "evaluation/external.py"),
    "metrics": _MEASURING,
    "controls": (*_MEASURING, "evaluation/controls.py", "evaluation/control_matrix.py"),
    "control_matrix": (*_TELLING, "evaluation/control_matrix.py", "evaluation/controls.py", "evaluation/plots/*.py"),
    "ablation_timing": ("sgif/timing.py", "sgif/forecast.py", *(f"sgif/{name}.py" for name in TRAINING_MODULES)),
    "ablation_table": (
        *_TELLING, "evaluation/ablation_table.py", "evaluation/cells.py", "evaluation/claims.py",
        "evaluation/iteration_times.py", "evaluation/latex.py", "evaluation/records.py",
    ),
    "ablation_report": (
        *_TELLING, "evaluation/ablation_table.py", "evaluation/claims.py", "evaluation/figures.py",
        "evaluation/iteration_times.py", "evaluation/losses.py", "evaluation/plots/__init__.py",
        "evaluation/plots/ablations.py", "evaluation/plots/style.py", "evaluation/report/**/*", "workflow/versions.py",
    ),
    "application_input": ("datasets/resize.py", "workflow/applications.py"),
    "apply": (
        "sgif/apps/*.py", "sgif/frames.py", "sgif/layers.py", "sgif/model.py", "sgif/nearest.py", "sgif/noise.py",
        "sgif/patch_index.py", "sgif/assignment.py", "sgif/patch_layout.py", "sgif/voting.py",
        "sgif/retrieval.py", "sgif/sampler.py", "sgif/slow.py", "workflow/applications.py",
    ),
    "judge_application": (
        "datasets/encode.py", "datasets/resize.py", "evaluation/applications/*.py", "evaluation/encoders/*.py",
        "evaluation/features.py", "evaluation/metrics/[!_]*.py", "evaluation/report/sprites.py",
        "evaluation/statistics.py",
    ),
    "applications_table": ("evaluation/applications/table.py", "evaluation/wording.py", "workflow/applications.py"),
    "applications_page": (
        "evaluation/applications/table.py", "evaluation/report/**/*", "evaluation/wording.py",
        "workflow/applications.py", "workflow/versions.py",
    ),
    "leaderboard": (
        *_TELLING, "evaluation/board.py", "evaluation/leaderboard.py", "evaluation/plots/*.py",
        "evaluation/report/**/*", "evaluation/study/rate_table.py", "evaluation/study/spreadsheet.py",
    ),
    "study_report": (*_TELLING, "evaluation/study/**/*.py", "evaluation/plots/study.py", "evaluation/plots/style.py",
                     "evaluation/report/**/*", "evaluation/texts.py", "evaluation/wording.py"),
    "cells": ("evaluation/cells.py", "evaluation/records.py", "evaluation/texts.py"),
    "table1": (*_TELLING, "evaluation/latex.py"),
    "study": (
        "datasets/decode.py", "datasets/resize.py", "datasets/synthetic/*.py", "evaluation/controls.py",
        "evaluation/report/document.py", "evaluation/report/static/page.css", "evaluation/report/static/study.*",
        "evaluation/report/templates/base.html", "evaluation/report/templates/study/*.html",
        "evaluation/study/blinding.py", "evaluation/study/bundle.py", "evaluation/study/consent.py",
        "evaluation/study/design.py", "evaluation/study/items.py", "evaluation/study/key.py",
        "evaluation/study/manifest.py", "evaluation/study/media.py", "evaluation/study/platforms/*.py",
        "evaluation/study/schedule.py", "evaluation/study/sheets.py",
    ),
    "contact_sheet": ("datasets/encode.py", "evaluation/records.py"),
    "page": (
        *_TELLING, "datasets/headers.py", "evaluation/figures.py", "evaluation/losses.py", "evaluation/plots/style.py",
        "evaluation/report/**/*", "workflow/versions.py",
    ),
}  # fmt: skip


@cache
def code_hash(stem: str) -> str:
    """Hash over the script of this stem and the modules it depends on, 16 hexadecimal digits.

    Raises:
        ValueError: a pattern of `MODULES` matches no file (a module was moved and this table was not).
    """
    digest = hashlib.sha256((HOME / "workflow" / "scripts" / f"{stem}.py").read_bytes())
    for pattern in MODULES[stem]:
        files = sorted(p for p in HOME.glob(pattern) if p.is_file() and "__pycache__" not in p.parts)
        if not files:
            raise ValueError(f"{pattern}: no such module; correct the table in workflow/code.py")
        for path in files:
            digest.update(path.relative_to(HOME).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
