"""`python -m workflow.status [PROTOCOL]`: what of a protocol is done, running and left, told from its files alone.

Reads; starts, locks and changes nothing. A training counts as running while a process of this machine holds its run
folder's lock; one on another machine looks interrupted.
"""

import fcntl
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.errors import InputError
from datasets.files import read_json
from sgif.config import Config, override
from sgif.pyramid import plan_scales
from workflow.code import HOME
from workflow.layout import Layout, Run
from workflow.plan import Plan, root_of
from workflow.protocols import NAMES

STATES = ("done", "running", "interrupted", "not begun")


def training_state(folder: Path) -> tuple[str, str]:
    """State of a run folder, one of `STATES`, and how far it is, in words (empty unless it is under way)."""
    if (folder / "finished.json").is_file():
        return "done", ""
    state = "running" if _held(folder / ".lock") else "interrupted"
    try:
        last = _last_line(folder / "losses.jsonl")
        identity = read_json(folder / "config.json", "train again")
        clip = identity["clip"]
        config = override(Config(), identity["config"])
        scales = plan_scales(clip["frames"], (clip["height"], clip["width"]), config)
        values = json.loads(last)
        scale = scales[int(values["scale"])]
        left = (scale.iterations - values["iteration"]) * values["seconds"] + sum(
            other.iterations for other in scales[scale.index + 1 :]
        ) * values["seconds"]
        far = (
            f"scale {scale.index + 1} of {len(scales)}, iteration {values['iteration']} of {scale.iterations}, "
            f"{values['seconds']:.2f} s/iteration, at least {left / 60:.0f} min left"
        )
    except (InputError, OSError, ValueError, KeyError, TypeError, IndexError):
        return ("not begun" if state == "interrupted" else state), ""
    return state, far


def report(root: str, layouts: list[Layout], tables: list[str]) -> Iterator[str]:
    """The lines of the report on one results folder.

    Args:
        layouts: whose cells count; a cell that several have counts once.
        tables: files at the end, under `root`.
    """
    trained = dict.fromkeys(cell for layout in layouts for cell in layout.cells() if cell[1] in layout.trained)
    states = {cell: training_state(Path(root, "runs", *map(str, cell))) for cell in trained}
    counts = Counter(state for state, _ in states.values())
    yield f"{root}: trainings: {', '.join(f'{counts[state]} {state}' for state in STATES if counts[state]) or 'none'}"
    for cell, (state, far) in states.items():
        if state in ("running", "interrupted"):
            yield f"  {_name(cell)}: {state}{', ' + far if far else ''}"
    cells = {cell: layout for layout in layouts for cell in layout.cells()}
    for what, there in (
        ("samples", lambda cell, layout: layout.sample_folder(cell).is_dir() and any(layout.sample_files(cell))
         and all(path.is_file() for path in layout.sample_files(cell))),
        ("metrics", lambda cell, layout: layout.metrics(cell).is_file()),
    ):  # fmt: skip
        done = sum(there(cell, layout) for cell, layout in cells.items())
        yield f"  {what}: {done} of {len(cells)} cells"
    for table in tables:
        yield f"  {table}: {'there' if Path(root, table).is_file() else 'not yet'}"


def _held(lock: Path) -> bool:
    """Whether a process of this machine holds a lock."""
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _last_line(path: Path) -> str:
    """The last whole line of a file, read from its end."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 4096))
        return file.read().decode("utf-8", "replace").rstrip("\n").rsplit("\n", 1)[-1]


def _name(cell: Run) -> str:
    return f"{cell[0]} {cell[1]} seed {cell[2]}"


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = OneLineParser(prog="python -m workflow.status", description=__doc__)
    parser.add_argument("protocols", nargs="*", metavar="PROTOCOL", help=f"{', '.join(NAMES)}; by default all begun")
    options = parser.parse_args(arguments)
    plan, told = Plan(HOME, {}, {}), False
    for name in options.protocols or NAMES:
        if name not in NAMES:
            raise InputError(f"{name}: no protocol of this name; choose one of {', '.join(NAMES)}")
        root = root_of(name)
        if not options.protocols and not Path(root, "runs").is_dir():
            continue
        layouts = [Layout.from_json(plan.layout(root))]
        if Path(root, "ablations").is_dir():
            layouts.append(Layout.from_json(plan.ablations(root)))
        tables = ["table1.csv", "leaderboard.csv", *(["ablations/report.html"] if len(layouts) > 1 else [])]
        print("\n".join(report(root, layouts, tables)))
        told = True
    if not told:
        print("nothing was begun in results/")


if __name__ == "__main__":
    sys.exit(run(main))
