"""`python -m workflow.cluster_status SYSTEM JOB`: the state of a cluster's job, in one of Snakemake's three words.

Called by the profiles of Snakemake's generic executor. Prints `running` (also for a job that waits), `success` or
`failed`. While the cluster cannot be asked, a job counts as running: it may well be. A job that the cluster says it
does not know has failed: it is made again, and what was finished is not lost.

Run on SLURM; of the other systems only what their commands are documented to print was tried.
"""

import re
import subprocess
import sys
from collections.abc import Callable

from datasets.cli import OneLineParser, run

RUNNING, SUCCESS, FAILED = "running", "success", "failed"

SECONDS = 60
"""How long a command of the cluster may take."""

SLURM_ACTIVE = (
    "PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "REQUEUED", "REQUEUE_HOLD",
    "REQUEUE_FED", "RESIZING", "SIGNALING", "STAGE_OUT", "SPECIAL_EXIT",
)  # fmt: skip
LSF_ACTIVE = ("PEND", "PROV", "WAIT", "RUN", "PSUSP", "USUSP", "SSUSP", "UNKWN")


def ask(*command: str) -> tuple[int, str]:
    """Exit status of a command and all that it printed; 127 where it is not installed, 124 where it took too long."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout


def slurm(job: str) -> str:
    """The controller knows a job until `MinJobAge` seconds after its end; the accounting database, if any, for ever."""
    status, text = ask("scontrol", "--oneliner", "show", "job", job)
    found = re.search(r"\bJobState=(\w+)", text)
    if not found:
        if status == 0 or "Invalid job id" not in text:
            return RUNNING
        _, text = ask("sacct", "--allocations", "--noheader", "--parsable2", "--format=State", f"--jobs={job}")
        found = re.match(r"([A-Z_]+)(?: by \d+)?$", text.strip())
    if not found:
        return FAILED
    return SUCCESS if found[1] == "COMPLETED" else RUNNING if found[1] in SLURM_ACTIVE else FAILED


def sge(job: str) -> str:
    """`qstat` knows jobs that wait or run, `qacct` those that ended, some seconds later."""
    status, text = ask("qstat", "-j", job)
    if status == 0:
        return FAILED if re.search(r"^error reason", text, re.MULTILINE) else RUNNING
    if "do not exist" not in text:
        return RUNNING
    status, text = ask("qacct", "-j", job)
    values = dict(re.findall(r"^(failed|exit_status)\s+(\d+)", text, re.MULTILINE))
    if status != 0 or not values:
        return RUNNING
    return SUCCESS if set(values.values()) == {"0"} else FAILED


def lsf(job: str) -> str:
    """`bjobs -a` knows jobs until `CLEAN_PERIOD` seconds (an hour) after their end."""
    status, text = ask("bjobs", "-a", "-noheader", "-o", "stat", job)
    word = text.strip()
    if "is not found" in text:
        return FAILED
    if status != 0 or word in LSF_ACTIVE:
        return RUNNING
    return SUCCESS if word == "DONE" else FAILED


def pbs(job: str) -> str:
    """`qstat -x` knows jobs that ended as long as the server keeps their history."""
    status, text = ask("qstat", "-x", "-f", job)
    if "Unknown Job" in text:
        return FAILED
    state, code = re.search(r"\bjob_state = (\w)", text), re.search(r"\b[Ee]xit_status = (-?\d+)", text)
    if status != 0 or not state or state[1] not in "FC":
        return RUNNING
    return SUCCESS if code and code[1] == "0" else FAILED


SYSTEMS: dict[str, Callable[[str], str]] = {"slurm": slurm, "sge": sge, "lsf": lsf, "pbs": pbs}


def main(arguments: list[str]) -> None:
    """Command line of the profiles."""
    parser = OneLineParser(prog="python -m workflow.cluster_status")
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("job", help="as the system's submit command named it")
    options = parser.parse_args(arguments)
    print(SYSTEMS[options.system](options.job))


if __name__ == "__main__":
    sys.exit(run(main))
