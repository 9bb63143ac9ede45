"""Profiles: Snakemake takes them, and what they submit is what the cluster's commands understand.

The clusters are stand-ins: a submit command that notes its arguments and runs the job, a status command that answers as
documented. tests/slurm has a real SLURM.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HOME = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.parent.name for path in HOME.glob("profiles/*/config.yaml"))

WORKFLOW = """
rule train:
    output: "trained.txt"
    threads: 2
    resources: mem_mb=3000, runtime=90, gpu=1
    shell: "echo done > {output}"
rule metrics:
    input: "trained.txt"
    output: "scored.txt"
    shell: "cp {input} {output}"
"""

# Snakemake calls the submit command with its flags and then the script of the job.
SUBMIT = """#!/bin/sh
echo "$0 $*" >> {folder}/submitted
number=$(wc -l < {folder}/submitted)
for script; do :; done
bash "$script" > {folder}/job.$number 2>&1
echo $? > {folder}/status.$number
{answer}
"""

SYSTEMS = {
    "slurm-generic": {
        "sbatch": "echo $number",
        "scontrol": 'grep -q "^0$" {folder}/status.$4 && echo JobState=COMPLETED || echo JobState=FAILED',
    },
    "sge": {
        "qsub": "echo $number",
        "qstat": "echo 'Following jobs do not exist:'; exit 1",
        "qacct": "echo 'failed 0'; echo exit_status $(cat {folder}/status.$2)",
    },
    "lsf": {
        "bsub": 'echo "Job <$number> is submitted to queue <normal>."',
        "bjobs": 'grep -q "^0$" {folder}/status.$5 && echo DONE || echo EXIT',
    },
    "pbs": {
        "qsub": "echo $number.server",
        "qstat": "echo '  job_state = F'; echo \"  Exit_status = $(cat {folder}/status.${{3%.server}})\"",
    },
}

FLAGS = {
    "slurm-generic": ("--cpus-per-task=2 --mem=3000 --time=90 --gres=gpu:1", "--cpus-per-task=1 --mem=4000 --time=120"),
    "sge": ("-pe smp 2 -l mem_free=1500M -l h_rt=5400 -l gpu=1", "-pe smp 1 -l mem_free=4000M -l h_rt=7200"),
    "lsf": (
        "-n 2 -R span[hosts=1] rusage[mem=3000] -W 90 -gpu num=1:mode=shared:j_exclusive=yes",
        "-n 1 -R span[hosts=1] rusage[mem=4000] -W 120",
    ),
    "pbs": (
        "-l select=1:ncpus=2:mem=3000mb:ngpus=1 -l walltime=90:00",
        "-l select=1:ncpus=1:mem=4000mb -l walltime=120:00",
    ),
}
"""Of a job with a GPU, and of one that says nothing of what it needs."""


def keys_of(profile):
    return yaml.safe_load((HOME / "profiles" / profile / "config.yaml").read_text())


@pytest.fixture
def cluster(tmp_path):
    """`cluster(profile)` runs two jobs through a profile; returns Snakemake's end and what was submitted, in lines."""

    def run(profile, **changes):
        programs = tmp_path / "bin"
        programs.mkdir()
        for name, answer in (SYSTEMS[profile] | changes).items():
            submits = name in ("sbatch", "qsub", "bsub")
            text = (SUBMIT if submits else "#!/bin/sh\n{answer}\n").replace("{answer}", answer)
            (programs / name).write_text(text.format(folder=tmp_path))
            (programs / name).chmod(0o755)
        (tmp_path / "Snakefile").write_text(WORKFLOW)
        # As workflow.environment sets them for our own Snakefile.
        path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", HOME / "profiles" / profile, "scored.txt"]
        command += ["--seconds-between-status-checks", "1", "--retries", "0"]
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(HOME)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done, (tmp_path / "submitted").read_text().splitlines()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(SYSTEMS))
def test_jobs_are_submitted_with_what_they_ask_for_and_followed_to_their_end(cluster, tmp_path, profile):
    done, submitted = cluster(profile)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "scored.txt").read_text() == "done\n"
    for line, flags in zip(submitted, FLAGS[profile], strict=True):
        assert f" {flags} {tmp_path}/.snakemake/tmp." in line, line


@pytest.mark.slow
def test_a_job_that_the_cluster_killed_is_not_taken_for_done(cluster):
    done, submitted = cluster("slurm-generic", scontrol="echo JobState=TIMEOUT")
    assert done.returncode == 1 and "Error in rule train" in done.stderr and len(submitted) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_snakemake_takes_every_key(snakemake, tmp_path, profile):
    folder = HOME / "profiles" / profile
    planned = snakemake(tmp_path, "-n", "--workflow-profile", folder, "results/smoke/table1.csv")
    assert planned.returncode == 0, planned.stderr
    assert planned.stderr.startswith(f"Using workflow specific profile {folder} ")


def test_the_default_profile_is_found_by_itself(snakemake, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    planned = snakemake(tmp_path, "-n", "results/smoke/table1.csv")
    assert planned.stderr.startswith(f"Using workflow specific profile {HOME / 'profiles' / 'default'} ")


def test_the_default_profile_takes_nothing_from_a_profile_of_the_users():
    """It overrides `--profile` key by key, so what describes a machine or a cluster must not be in it."""
    assert set(keys_of("default")) == {"rerun-incomplete", "keep-going"}


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - {"default"}))
def test_cluster_profiles_have_the_default_ones_keys_too(profile):
    """They are used in its place, not beside it."""
    default, own = (
        yaml.safe_load((HOME / "profiles" / name / "config.yaml").read_text()) for name in ("default", profile)
    )
    assert default.items() <= own.items()
