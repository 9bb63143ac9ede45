"""Which training had which GPU from when to when, told from the logs that the jobs themselves left."""

import re
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

LOGS = Path(".snakemake", "slurm_logs")


class Usage(NamedTuple):
    """One job's time on a GPU, in seconds since 1970."""

    job: str
    gpu: str
    begin: float
    end: float


def usages(folder: Path) -> list[Usage]:
    """All trainings that were given a GPU, cancelled ones too, by SLURM's logs in a working folder.

    A job begins with the first date that Snakemake writes in it (to the second, so a second is added: no job is said to
    begin before it did) and ends with the last line of its log.
    """
    found = []
    for path in sorted((folder / LOGS).rglob("*.log")):
        text = path.read_text(encoding="utf-8", errors="replace")
        gpu, date = re.search(r"\bGPU (\S+)", text), re.search(r"^ *Date: (\S+ \S+)$", text, re.MULTILINE)
        if gpu and date:
            begin = datetime.strptime(date[1], "%Y-%m-%d %H:%M:%S").timestamp() + 1
            found.append(Usage(path.stem.removeprefix("train-"), gpu[1], begin, path.stat().st_mtime))
    return found


def together(found: list[Usage]) -> list[tuple[Usage, Usage]]:
    """All pairs of jobs that ran at the same time."""
    return [(a, b) for a, b in combinations(found, 2) if max(a.begin, b.begin) < min(a.end, b.end)]


def shared(found: list[Usage]) -> list[tuple[Usage, Usage]]:
    """All pairs of jobs that ran at the same time on the same GPU."""
    return [(a, b) for a, b in together(found) if a.gpu == b.gpu]
