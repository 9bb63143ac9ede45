"""Where a run computes, and how much it used."""

import resource
import sys

import torch

from datasets.errors import InputError


def choose_device(name: str) -> torch.device:
    """`auto` is the first GPU if there is one, else the CPU; any other name is torch's.

    Raises:
        InputError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"--device {name}: not available here; use cpu, cuda or auto") from error
    return device


def make_deterministic(threads: int | None) -> None:
    """Same seed, same bytes: deterministic kernels, and as many CPU threads as told (torch's choice if None)."""
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    if threads is not None:
        torch.set_num_threads(threads)


def peak_memory_mb(device: torch.device) -> float:
    """Largest memory so far, in MiB: of the GPU if the run is on one, else resident memory of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
