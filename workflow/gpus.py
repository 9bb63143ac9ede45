"""One GPU a training: local jobs share out what the machine has, by a lock a GPU.

Snakemake's local jobs all see all GPUs: `--resources gpu=N` limits how many run at a time, this module which one each
takes. A scheduler shows each of its jobs GPUs of its own, often under the same numbers, so locks are of one such job.
"""

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datasets.errors import InputError

if TYPE_CHECKING:
    import torch

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_WAIT_SECONDS = 2.0
_SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID")
"""Numbers of the jobs of clusters."""


def visible_gpus(count: int, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Ids of the GPUs that a job may use: those of CUDA_VISIBLE_DEVICES, or else the `count` that torch sees."""
    named = environment.get(_VARIABLE)
    if named is None:
        return [str(index) for index in range(count)]
    return [each.strip() for each in named.split(",") if each.strip() not in ("", "-1")]


def lock_folder() -> Path:
    """The folder of the locks: of this machine and user, within a scheduler's job of that job."""
    jobs = [os.environ[variable] for variable in _SCHEDULERS if variable in os.environ]
    return Path(tempfile.gettempdir()) / "-".join(["sgif-gpus", str(os.getuid()), *re.findall(r"\w+", " ".join(jobs))])


@contextmanager
def claimed_gpu(
    ids: Sequence[str], folder: Path, say: Callable[[str], None], wait_seconds: float = _WAIT_SECONDS
) -> Iterator[str]:
    """Hold one GPU that no other training of this machine and user holds; wait, and say so, until one is free.

    The lock ends with the process, however it ends.

    Arguments:
        ids: GPUs to choose from; at least one.
        folder: of the locks; made if it is not there.
        say: gets the line about waiting.
        wait_seconds: between two looks.

    Raises:
        InputError: the folder is another user's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise InputError(f"{folder}: belongs to another user; set TMPDIR to a folder of your own")
    waiting = False
    while True:
        for gpu in ids:
            # Ids may be UUIDs; a slash in one would leave the folder.
            with (folder / f"{gpu.replace(os.sep, '_')}.lock").open("a") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    continue
                yield gpu
                return
        if not waiting:
            say(f"all GPUs ({', '.join(ids)}) are taken by other trainings; waits (--resources gpu={len(ids)} queues)")
            waiting = True
        time.sleep(wait_seconds)


@contextmanager
def training_device(gpu: bool, say: Callable[[str], None]) -> Iterator["torch.device"]:
    """The device of a training or timing: the CPU, or a GPU that no other one has; `say` is told which.

    Where a GPU is asked for and torch finds none, it is the CPU.
    """
    import torch

    count = torch.cuda.device_count()
    ids = visible_gpus(count)
    if not gpu or not ids:
        if gpu:
            say("a GPU was asked for and none is here; computes on the CPU")
        yield torch.device("cpu")
        return
    with claimed_gpu(ids, lock_folder(), say) as chosen:
        say(f"GPU {chosen}" if count else f"GPU {chosen} is given, and this torch cannot use it; computes on the CPU")
        yield torch.device("cuda", ids.index(chosen)) if count else torch.device("cpu")
