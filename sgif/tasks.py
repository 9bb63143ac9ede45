"""What a training is for, as data: the applications that need a training of their own (paper, section 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from datasets.errors import InputError
from datasets.names import pick

if TYPE_CHECKING:
    from sgif.run import Run


@dataclass(frozen=True)
class Task:
    """A purpose: overrides (dotted config keys) on top of preset and method, for a factor."""

    name: str
    about: str
    overrides: Callable[[int], Mapping[str, Any]]
    takes_factor: bool = True


def _slow_motion(factor: int) -> Mapping[str, Any]:
    """Section 5.2: noise on a path through the frames; critics of clips see every `factor`-th frame."""
    return {"task.kind": "slowmo", "task.factor": factor}


def _super_resolution(factor: int) -> Mapping[str, Any]:
    """Section 5.5: the pyramid's factor is the k-th root of k, so that k passes of the finest generator give k."""
    return {
        "task.kind": "superres",
        "task.factor": factor,
        "pyramid.factor": factor ** (1 / factor),
        "pyramid.scales": None,  # as many as that factor asks for, whatever the preset says
        "losses.reconstruction": 125.0,
    }


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            Task(
                "sample", "random samples, and every application that needs no training of its own", lambda _: {}, False
            ),
            Task("slowmo", "slow motion, `factor` times as many frames", _slow_motion),
            Task("superres", "super-resolution by `factor` in each direction", _super_resolution),
        )
    }
)


def task_overrides(task: str, factor: int | None) -> Mapping[str, Any]:
    """What a task changes in a training.

    Raises:
        InputError: an unknown task (the nearest is named), or a factor where none is taken.
    """
    chosen = pick(TASKS, task, "task")
    if not chosen.takes_factor and factor is not None:
        raise InputError(f"--factor {factor}: task {task} takes none; leave it out or choose another --task")
    return chosen.overrides(2 if factor is None else factor)


def require_task(run: "Run", task: str) -> None:
    """Refuse a run whose training was not for this.

    Raises:
        InputError: the run was trained for something else; the message says what to run instead.
    """
    kind = run.pyramid.config.task.kind
    if kind == task:
        return
    if task == "sample":
        raise InputError(f"{run.folder}: was trained for {kind}; run 'python -m sgif {kind} {run.folder} --out DIR'")
    raise InputError(
        f"{run.folder}: was trained for {kind}, not for {task}; train one with "
        f"'python -m sgif train CLIP --task {task} --factor 2 --out RUN'"
    )
