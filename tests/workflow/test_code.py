"""The hash of our code behind a rule: what a script imports is hashed, or is named here with the reason why not."""

import ast

import pytest

from workflow.code import HOME, MODULES, code_hash

PACKAGES = ("datasets", "sgif", "evaluation", "workflow")

# Left out of every hash in which they are not listed.
EVERYWHERE = {
    "one-line errors, files written whole, limits that only refuse": (
        "datasets/cli.py", "datasets/deadline.py", "datasets/errors.py", "datasets/files.py", "datasets/limits.py",
    ),
    "where a file comes from; its checksum, and the catalogue's entry, are params": (
        "datasets/cache.py", "datasets/catalogue.py", "datasets/fetch.py", "datasets/overrides.py", "datasets/stage.py",
        "datasets/weights.py",
    ),
    "pictures to look at, beside what is declared": ("datasets/encode.py",),
    "say where files lie, which are inputs and outputs; which code there is": (
        "workflow/layout.py", "workflow/code.py", "sgif/identity.py",
    ),
    "words of a package, or names brought to its front": ("evaluation/__init__.py", "sgif/__init__.py"),
}  # fmt: skip
# Files in formats of others are read by these two alone; elsewhere the modules come along with a name or a checksum.
READING = ("datasets/arrays.py", "datasets/clip.py", "datasets/containers.py", "datasets/decode.py",
           "datasets/headers.py", "datasets/names.py", "datasets/pixels.py", "datasets/resize.py")  # fmt: skip
READERS = ("clips", "external")
# A changed module there runs these rules again, and this one follows on what they wrote.
FOLLOWS = {
    "samples": ("training",),
    "apply": ("training",),
    "cells": ("metrics",),
    "control_matrix": ("metrics", "controls"),
    **dict.fromkeys(("ablation_table", "leaderboard", "page", "table1"), ("metrics", "cells")),
    "ablation_report": ("metrics", "cells", "ablation_table", "training"),
}
_ALONG = (
    "evaluation/clip_table.py", "evaluation/encoders/__init__.py", "evaluation/facts.py", "evaluation/intervals.py",
    "evaluation/markdown.py", "evaluation/metrics/sgfid.py", "evaluation/records.py", "evaluation/remarks.py",
    "evaluation/statistics.py", "evaluation/tables.py", "evaluation/texts.py", "evaluation/trainings.py",
)  # fmt: skip
OWN = {
    "training": {
        "keeps, loads and shows a training, and what is sampled from it": (
            "sgif/checkpoint.py", "sgif/run.py", "sgif/progress.py", "sgif/picture.py", "sgif/sampler.py",
            "sgif/retrieval.py", "sgif/nearest.py", "sgif/patch_index.py",
            "sgif/assignment.py", "sgif/patch_layout.py", "sgif/voting.py",
        ),
        "where it is computed, what that costs, when it is given up": (
            "sgif/device.py", "sgif/cost.py", "sgif/health.py", "workflow/gpus.py",
        ),
        "only refuses": ("sgif/tasks.py",),
    },
    "apply": {
        "loads what the training wrote": ("sgif/checkpoint.py", "sgif/run.py", "sgif/progress.py", "sgif/picture.py"),
        "where it is computed; of trainings only": ("sgif/device.py", "sgif/cost.py", "sgif/health.py"),
        "only refuses": ("sgif/tasks.py",),
    },
    "judge_application": {
        "along with the page's sheets; titles": ("evaluation/report/document.py", "workflow/applications.py"),
    },
    "applications_table": {"along with what escapes Markdown": _ALONG},
    "applications_page": {
        "along with what escapes Markdown": _ALONG,
        "along with the hash of a training's code": ("sgif/config.py",),
    },
    "samples": {
        "only refuses": ("sgif/tasks.py",),
        "loads what the training wrote": ("sgif/checkpoint.py", "sgif/run.py", "sgif/progress.py", "sgif/picture.py"),
        "where it is computed; of trainings only": ("sgif/device.py", "sgif/cost.py", "sgif/health.py"),
    },
    "metrics": {
        "the registry's words; which metrics there are is a param": ("evaluation/metrics/__init__.py",),
        "the name of the half-against-half cell, the kind that a name belongs to": (
            "evaluation/records.py", "evaluation/external.py", "workflow/methods.py", "sgif/methods.py",
        ),
        "controls come as samples": ("evaluation/controls.py",),
    },
    "controls": {
        "the registry's words; which metrics there are is a param": ("evaluation/metrics/__init__.py",),
        "tables of the matrix, which is another rule": (
            "evaluation/clip_table.py", "evaluation/comparisons.py", "evaluation/facts.py", "evaluation/intervals.py",
            "evaluation/markdown.py", "evaluation/plots/__init__.py", "evaluation/plots/heatmap.py",
            "evaluation/plots/style.py", "evaluation/remarks.py", "evaluation/tables.py", "evaluation/texts.py",
            "evaluation/trainings.py", "evaluation/wording.py",
        ),
        "reads the record of the halves": ("evaluation/records.py",),
    },
    "ablation_timing": {
        "the name of the full model": (
            "workflow/methods.py", "sgif/methods.py", "evaluation/controls.py", "evaluation/external.py",
        ),
        "where it is computed, when a training is given up": (
            "sgif/device.py", "sgif/health.py", "workflow/gpus.py",
        ),
        "counts for forecasts; the times are measured": ("sgif/cost.py",),
        "keeps what was measured": ("workflow/turns.py",),
    },
    "control_matrix": {"reads the record of the halves": ("evaluation/records.py",)},
    "ablation_table": {"checks names": ("evaluation/controls.py", "evaluation/external.py")},
    "ablation_report": {
        "checks names": ("evaluation/controls.py", "evaluation/external.py"),
        "one line for an error, of its neighbour": ("workflow/scripts/ablation_table.py",),
    },
    "table1": {"checks names": ("evaluation/controls.py", "evaluation/external.py")},
    "study": {
        "along with checks of names and the commit": (
            "evaluation/records.py", "evaluation/study/__init__.py", "sgif/config.py", "workflow/versions.py",
        ),
    },
    "study_report": {
        "along with names of metrics": (
            "evaluation/encoders/__init__.py", "evaluation/metrics/sgfid.py", "evaluation/records.py",
            "evaluation/statistics.py",
        ),
    },
    "page": {
        "along with the hash of a training's code": ("sgif/config.py",),
        "checks names": ("evaluation/controls.py", "evaluation/external.py"),
    },
}  # fmt: skip


def listed(stem):
    """Files behind the hash of a script, the script included."""
    found = {path for pattern in MODULES[stem] for path in HOME.glob(pattern)}
    return {path.relative_to(HOME).as_posix() for path in found} | {f"workflow/scripts/{stem}.py"}


def named(path):
    """Our modules that a module names in its imports, wherever in it; a package stands for its `__init__`."""
    for node in ast.walk(ast.parse((HOME / path).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        for name in names:
            stem = name.replace(".", "/")
            for found in (f"{stem}.py", f"{stem}/__init__.py"):
                if name.split(".")[0] in PACKAGES and (HOME / found).is_file():
                    yield found


def imported(stem):
    """All modules that a script imports, itself or through others."""
    found, ahead = set(), {f"workflow/scripts/{stem}.py"}
    while ahead:
        found |= ahead
        ahead = {name for path in ahead for name in named(path)} - found
    return found


def exempt(stem):
    """Modules that a script imports without depending on them, each for one of the reasons above."""
    groups = [*EVERYWHERE.values(), *OWN.get(stem, {}).values(), () if stem in READERS else READING]
    return {name for group in groups for name in group} | {m for other in FOLLOWS.get(stem, ()) for m in listed(other)}


def test_the_walk_over_imports_sees_those_inside_functions_and_through_others():
    found = imported("training")
    assert {"workflow/scripts/training.py", "sgif/run.py", "sgif/losses.py", "datasets/clip.py"} <= found
    assert {"evaluation/report/page.py", "evaluation/report/sprites.py"} <= imported("page")
    assert not any(name.startswith("evaluation/") for name in found)


@pytest.mark.parametrize("stem", MODULES)
def test_what_a_script_imports_is_hashed_or_left_out_for_a_reason(stem):
    assert sorted(imported(stem) - listed(stem) - exempt(stem)) == []


@pytest.mark.parametrize("stem", OWN)
def test_no_reason_has_outlived_its_module(stem):
    own = {name for group in OWN[stem].values() for name in group}
    assert sorted(own - imported(stem)) == [] and sorted(own & listed(stem)) == []


def test_every_script_has_a_hash():
    scripts = {path.stem for path in (HOME / "workflow" / "scripts").glob("[!_]*.py")}
    assert set(MODULES) == scripts


def test_every_module_behind_a_rule_is_hashed():
    assert {stem: len(code_hash(stem)) for stem in MODULES} == dict.fromkeys(MODULES, 16)
    assert len({code_hash(stem) for stem in MODULES}) == len(MODULES)
