"""Three words for what clusters say of a job; their commands are stand-ins that print what is documented."""

import pytest

from workflow.cluster_status import main

UNKNOWN = "slurm_load_jobs error: Invalid job id specified"
SGE_GONE = "Following jobs do not exist:\n7"
SLURM, SGE, LSF, PBS = ("slurm", "7"), ("sge", "7"), ("lsf", "7"), ("pbs", "7.server")


@pytest.fixture
def command(tmp_path, monkeypatch):
    """`command(name, text, status)` puts a program into the only folder of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def make(name, text, status=0):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{text}'\nexit {status}\n")
        path.chmod(0o755)

    return make


def said(capsys, job):
    main(list(job))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("PENDING", "running"), ("RUNNING", "running"), ("COMPLETING", "running"), ("REQUEUED", "running"),
        ("COMPLETED", "success"),
        ("CANCELLED", "failed"), ("FAILED", "failed"), ("TIMEOUT", "failed"), ("OUT_OF_MEMORY", "failed"),
        ("NODE_FAIL", "failed"), ("PREEMPTED", "failed"),
    ],
)  # fmt: skip
def test_slurms_controller_is_asked_first(command, capsys, state, word):
    command("scontrol", f"JobId=7 JobName=train UserId=a(1) JobState={state} Reason=None Requeue=1")
    assert said(capsys, SLURM) == word + "\n"


@pytest.mark.parametrize(
    ("accounting", "word"),
    [
        ("COMPLETED", "success"), ("CANCELLED by 1000", "failed"), ("RUNNING", "running"),
        ("", "failed"), ("Slurm accounting storage is disabled", "failed"),
    ],
)  # fmt: skip
def test_a_job_that_the_controller_forgot_is_looked_up_and_else_has_failed(command, capsys, accounting, word):
    command("scontrol", UNKNOWN, 1)
    command("sacct", accounting)
    assert said(capsys, SLURM) == word + "\n"


def test_without_accounting_a_forgotten_job_has_failed(command, capsys):
    command("scontrol", UNKNOWN, 1)
    assert said(capsys, SLURM) == "failed\n"


@pytest.mark.parametrize("job", [SLURM, SGE, LSF, PBS])
def test_a_cluster_that_cannot_be_asked_ends_no_job(command, capsys, job):
    assert said(capsys, job) == "running\n"
    for name in ("scontrol", "qstat", "bjobs"):
        command(name, "cannot contact the controller: connection refused", 1)
    assert said(capsys, job) == "running\n"


@pytest.mark.parametrize(
    ("job", "name", "text", "status", "word"),
    [
        (SGE, "qstat", "job_number: 7", 0, "running"),
        (SGE, "qstat", "job_number: 7\nerror reason    1: cannot write to output file", 0, "failed"),
        (LSF, "bjobs", "PEND", 0, "running"),
        (LSF, "bjobs", "RUN", 0, "running"),
        (LSF, "bjobs", "DONE", 0, "success"),
        (LSF, "bjobs", "EXIT", 0, "failed"),
        (LSF, "bjobs", "Job <7> is not found", 255, "failed"),
        (PBS, "qstat", "Job Id: 7\n    job_state = R", 0, "running"),
        (PBS, "qstat", "Job Id: 7\n    job_state = F\n    Exit_status = 0", 0, "success"),
        (PBS, "qstat", "Job Id: 7\n    job_state = F\n    Exit_status = -15", 0, "failed"),
        (PBS, "qstat", "Job Id: 7\n    job_state = C\n    exit_status = 0", 0, "success"),
        (PBS, "qstat", "Job Id: 7\n    job_state = F", 0, "failed"),
        (PBS, "qstat", "qstat: Unknown Job Id 7.server", 153, "failed"),
    ],
)
def test_other_systems_as_documented(command, capsys, job, name, text, status, word):
    command(name, text, status)
    assert said(capsys, job) == word + "\n"


@pytest.mark.parametrize(
    ("text", "status", "word"),
    [
        ("failed       0\nexit_status  0", 0, "success"),
        ("failed       0\nexit_status  137", 0, "failed"),
        ("failed       100 : assumedly after job\nexit_status  0", 0, "failed"),
        ("error: job id 7 not found", 1, "running"),
    ],
)
def test_grid_engine_keeps_the_end_of_a_job_elsewhere(command, capsys, text, status, word):
    command("qstat", SGE_GONE, 1)
    command("qacct", text, status)
    assert said(capsys, SGE) == word + "\n"
