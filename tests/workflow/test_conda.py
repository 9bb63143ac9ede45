"""`--use-conda`: what environment.yml holds, that nothing switches it on by itself, and the wiring.

The wiring runs with a double of conda, which answers what Snakemake asks, and whose environments have the interpreter
of the tests. This shows that the right environment is made once and that every job runs in it, not that conda finds the
packages.
"""

import ast
import csv
import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from workflow.code import HOME

PACKAGES = ("datasets", "sgif", "evaluation", "workflow", "benchmarks")
# What is imported -> as pip calls it -> as conda calls it, where they differ.
DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python-headless", "faiss": "faiss-cpu", "markupsafe": "jinja2",
                 "pytorch_fid": "pytorch-fid", "yaml": "pyyaml"}  # fmt: skip
CONDA_NAMES = {"matplotlib": "matplotlib-base", "opencv-python-headless": "py-opencv",
               "snakemake": "snakemake-minimal", "torch": "pytorch"}  # fmt: skip
RUNNER = {"snakemake"}  # runs the workflow, and pages ask for its version; nothing imports it
OPTIONAL = {"boto3", "botocore"}  # extra `mturk`; the one command that needs it says so


def sources():
    """Python files and rule files of our packages, by git where there is one."""
    tracked = subprocess.run(["git", "ls-files", *PACKAGES], cwd=HOME, capture_output=True, text=True, check=False)
    files = tracked.stdout.splitlines() or [
        path.relative_to(HOME).as_posix() for name in PACKAGES for path in (HOME / name).rglob("*.py")
    ]
    return [HOME / name for name in files if name.endswith(".py") and (HOME / name).is_file()]


def imported():
    """Distributions that our packages import, by pip's names, each with one place."""
    found = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in (name.split(".")[0] for name in names):
                if name not in sys.stdlib_module_names and name not in PACKAGES:
                    found.setdefault(DISTRIBUTIONS.get(name, name), f"{path.relative_to(HOME)}:{node.lineno}")
    return found


def declared_to_pip():
    with (HOME / "pyproject.toml").open("rb") as file:
        return dict(map(split, tomllib.load(file)["project"]["dependencies"]))


def declared_to_conda():
    """Packages of environment.yml, by conda's names; what pip installs into it counts as well."""
    packages = yaml.safe_load((HOME / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (by_pip,) = [package["pip"] for package in packages if isinstance(package, dict)]
    return dict(
        map(split, [*(package for package in packages if isinstance(package, str) and package != "pip"), *by_pip])
    )


def split(requirement):
    """Name and version of a requirement in either spelling."""
    name, version = re.fullmatch(r"([a-z0-9-]+) ?([<>=].*)?", requirement).groups()
    return name, version


def test_pip_installs_what_is_imported_and_nothing_else():
    found = imported()
    assert len(found) > 10
    wrong = {name: found.get(name) for name in set(declared_to_pip()) - RUNNER ^ set(found) - OPTIONAL}
    assert wrong == {}


def test_conda_installs_the_same_in_the_same_versions():
    pip, conda = declared_to_pip(), declared_to_conda()
    python = conda.pop("python")
    assert conda == {CONDA_NAMES.get(name, name): version for name, version in pip.items()}
    assert python.startswith(">=3.11") and "torch" not in conda


def test_channels_are_those_that_have_the_packages_and_no_others():
    environment = yaml.safe_load((HOME / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"]


def switches(profile):
    """What in a profile would make Snakemake deploy software."""
    settings = yaml.safe_load(profile.read_text(encoding="utf-8")) or {}
    spelt = {key.replace("_", "-"): value for key, value in settings.items()}
    wanted = ("use-conda", "sdm", "software-deployment-method", "deployment-method", "deployment")
    return {key: spelt[key] for key in wanted if spelt.get(key)}


def test_no_profile_switches_conda_on_by_itself():
    for profile in [*HOME.glob("profiles/**/*.yaml"), *HOME.glob("profiles/**/*.yml")]:
        assert switches(profile) == {}, profile


@pytest.mark.parametrize("line", ["use-conda: true", "software-deployment-method: [conda]", "sdm: conda"])
def test_the_check_of_profiles_sees_one_that_does(tmp_path, line):
    (tmp_path / "config.yaml").write_text(f"cores: 2\n{line}\n")
    assert switches(tmp_path / "config.yaml")
    (tmp_path / "config.yaml").write_text("cores: 2\nuse-conda: false\n")
    assert not switches(tmp_path / "config.yaml")


# ---- the wiring

CONDA = """#!/bin/sh
echo "conda $*" >> "{folder}/asked.txt"
case "$*" in
--version) echo "conda 24.11.3" ;;
"info --json") echo '{{"conda_prefix": "{folder}", "platform": "linux-64"}}' ;;
"config --get channel_priority --json") echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
"env create "*)
    while [ $# -gt 1 ]; do
        case "$1" in --prefix) prefix="$2" ;; --file) file="$2" ;; esac
        shift
    done
    mkdir -p "$prefix/bin" && cp "$file" "{folder}/environment.yml" && cp "{folder}/python3" "$prefix/bin/python3" ;;
"clean "*) ;;
*) echo "the double of conda knows no: conda $*" >&2; exit 1 ;;
esac
"""
# Sourced by a job's shell with the path of its environment.
ACTIVATE = 'export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n'
PYTHON = """#!/bin/sh
echo "$CONDA_PREFIX $*" >> "{folder}/jobs.txt"
exec "{interpreter}" "$@"
"""


@pytest.fixture
def conda(tmp_path):
    """The folder of a double of conda; `asked.txt` and `jobs.txt` in it say what happened."""
    folder = tmp_path / "conda"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "activate").write_text(ACTIVATE)
    for path, text in ((folder / "bin" / "conda", CONDA), (folder / "python3", PYTHON)):
        path.write_text(text.format(folder=folder, interpreter=sys.executable))
        path.chmod(0o755)
    return folder


TABLE = "results/smoke/table1.csv"
# Without a training, which would take most of the time; every rule calls Python in the same words (test_dag).
SHORT = ("--config", "methods=copy,noise")


@pytest.mark.slow
def test_every_job_runs_in_the_one_environment(snakemake, conda, tmp_path):
    path = os.pathsep.join([str(conda / "bin"), os.environ["PATH"]])
    done = snakemake(tmp_path / "work", TABLE, *SHORT, "--use-conda", PATH=path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "work" / "results" / "smoke" / "table1.csv").open(newline="") as file:
        assert {"copy", "noise"} < {row["method"] for row in csv.DictReader(file)}
    asked = (conda / "asked.txt").read_text().splitlines()
    made = [line for line in asked if line.startswith("conda env create")]
    assert len(made) == 1
    assert (conda / "environment.yml").read_bytes() == (HOME / "environment.yml").read_bytes()
    prefix = re.search(r"--prefix (\S+)", made[0])[1]
    jobs = [line.split() for line in (conda / "jobs.txt").read_text().splitlines()]
    assert {job[0] for job in jobs} == {prefix}
    total = int(re.search(r"^total +(\d+)$", done.stderr + done.stdout, re.MULTILINE)[1])
    scripts = [job[2].removeprefix("workflow.scripts.") for job in jobs]
    assert len(scripts) == total
    expected = ("clips", "encoders", "samples", "reference", "metrics", "cells", "table1")
    assert set(scripts) == set(expected)


def test_without_the_flag_conda_is_not_asked(snakemake, conda, tmp_path):
    path = os.pathsep.join([str(conda / "bin"), os.environ["PATH"]])
    done = snakemake(tmp_path / "work", "results/smoke/encoders/random-inception.safetensors", PATH=path)
    assert done.returncode == 0, done.stderr
    assert not (conda / "asked.txt").exists() and not (conda / "jobs.txt").exists()


def test_without_conda_the_flag_ends_in_one_clear_error(snakemake, tmp_path):
    done = snakemake(tmp_path, "-n", TABLE, *SHORT, "--use-conda", PATH="/usr/bin:/bin")
    assert done.returncode and "conda" in done.stderr and not (tmp_path / "results").exists()
