"""Kill a workflow at random moments, and give its command again until it finishes.

What is killed, with SIGKILL: a training, Snakemake alone (its jobs live on), or everything at once.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil
from safetensors import safe_open

HOME = Path(__file__).resolve().parents[2]
MODULE = "workflow.scripts.training"
TARGETS = ("training", "snakemake", "everything")


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        target: one of `TARGETS`.
        lost_s: seconds of training since its state was last kept, of the training that lost most; 0 if none was killed.
        redone: iterations logged since then, of that training.
        cost_s: what they take again.
    """

    target: str
    lost_s: float = 0.0
    redone: int = 0
    cost_s: float = 0.0


class Workflow:
    """The smoke protocol in a folder of its own, with longer trainings.

    Arguments:
        folder: where it runs; `results/` appears in it.
        environment: variables of the processes.
        iterations: of each scale.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], iterations: int) -> None:
        folder.mkdir(parents=True)
        self.root = folder / "results" / "smoke"
        self.log = folder / "log.txt"
        self.environment = dict(environment)
        self.command = [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(HOME / "Snakefile"), "--directory", str(folder)),
            *("--cores", "2", "--rerun-incomplete", "results/smoke/table1.csv", "--config"),
            *("methods=singan-gif,singan-frames", "metrics=sgfid,diversity"),
            "training=" + json.dumps({"optim.iterations": [iterations]}),
        ]
        self.started: list[subprocess.Popen] = []

    def start(self, *more: str) -> subprocess.Popen:
        """Give the command (and nothing else, unless `more`)."""
        # A file, not a pipe: jobs that outlive Snakemake go on writing.
        with self.log.open("ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            process = subprocess.Popen([*self.command, *more], env=self.environment, start_new_session=True, **options)
        self.started.append(process)
        return process

    def unlock(self) -> None:
        """What the README says to do after Snakemake itself was killed."""
        assert self.start("--unlock").wait() == 0, self.said()[-3000:]

    def trainings(self) -> list[psutil.Process]:
        """The trainings that run, also those of a Snakemake that is no more."""
        groups = {process.pid for process in self.started}
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or [""]
            try:
                ours = os.getpgid(process.pid) in groups
            except ProcessLookupError:
                continue
            if ours and "python" in Path(command[0]).name and MODULE in command:
                found.append(process)
        return found

    def kill(self, target: str, chance: random.Random) -> Kill | None:
        """Kill with SIGKILL; None if there is nothing of this kind."""
        running = self.trainings()
        if target == "training":
            if not running:
                return None
            running = [chance.choice(running)]
            running[0].kill()
        elif target == "snakemake":
            self.started[-1].kill()
            self.started[-1].wait()
            return Kill(target)
        else:
            self.kill_everything()
        return max(
            (self.loss(training, target) for training in running), key=lambda kill: kill.lost_s, default=Kill(target)
        )

    def last_sign(self) -> float:
        """When a training last logged its losses, in seconds since the epoch."""
        return max((path.stat().st_mtime for path in self.root.glob("runs/*/*/*/losses.jsonl")), default=0.0)

    def kill_everything(self) -> None:
        """All that was ever started and still lives."""
        for process in self.started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def loss(self, training: psutil.Process, target: str) -> Kill:
        """What is lost with a training that was killed just now."""
        command = training.info["cmdline"]
        folder = (self.root.parents[1] / command[command.index(MODULE) + 2]).parent
        progress, log, lock = (folder / name for name in ("progress.safetensors", "losses.jsonl", ".lock"))
        if not lock.exists() or f"process {training.pid} on" not in lock.read_text():
            return Kill(target)  # it had not begun, or waited for another
        times = [path.stat().st_mtime for path in (lock, progress, *folder.glob("scale_*.json")) if path.exists()]
        lost = time.time() - max(times)
        lines = log.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() if log.exists() else []
        if not lines:
            return Kill(target, lost)
        last, kept = json.loads(lines[-1]), 0
        if progress.exists():
            with safe_open(progress, "np") as file:
                if file.metadata()["scale"] == str(last["scale"]):
                    kept = int(file.get_tensor("iteration"))
        redone = 0 if (folder / f"scale_{last['scale']:02d}.json").exists() else max(0, last["iteration"] - kept)
        return Kill(target, lost, redone, redone * last["seconds"])

    def said(self) -> str:
        """Everything that was said."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def disturb(workflow: Workflow, kills: int, seed: int, gap_s: tuple[float, float]) -> list[Kill]:
    """Run to the end, with at most so many kills on the way.

    A moment is drawn from `gap_s`: so many seconds after a start or the last kill, and if trainings are to
    be hit, after the first sign of life of one.
    """
    chance = random.Random(seed)
    done: list[Kill] = []
    process, since, trains = workflow.start(), time.time(), False
    gap, target = chance.uniform(*gap_s), chance.choice(TARGETS)
    while True:
        if process.poll() is not None:
            if process.returncode == 0:
                return done
            if not done or done[-1].target != "training":
                raise AssertionError(f"failed by itself: {workflow.said()[-3000:]}")
            process, since, trains = workflow.start(), time.time(), False
        if not trains and target != "snakemake" and workflow.last_sign() > since:
            since, trains = time.time(), True
        due = len(done) < kills and time.time() - since >= gap and (trains or target == "snakemake")
        if due and (kill := workflow.kill(target, chance)):
            done.append(kill)
            print(f"kill {len(done)}, {gap:.0f} s: {kill}", flush=True)
            if target != "training":
                workflow.unlock()
                process = workflow.start()
            since, trains = time.time(), False
            gap, target = chance.uniform(*gap_s), chance.choice(TARGETS)
        time.sleep(0.05)


def contents(root: Path) -> dict[str, str]:
    """What must be the same bytes from run to run (results/README.md), as checksums by name."""
    patterns = (
        *("clips/*", "encoders/*", "stats/*", "samples/**/*.npz", "samples/**/*.json", "metrics/**/*.json"),
        *("runs/**/scale_*", "runs/**/finished.json", "runs/**/clip.npz", "tables/cells.csv*"),
    )
    files = [path for pattern in patterns for path in root.glob(pattern) if not path.name.startswith(".")]
    found = {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    table = pd.read_csv(root / "table1.csv", dtype=str).drop(columns=["train_minutes", "peak_memory_mb"])
    return {**found, "table1.csv": hashlib.sha256(table.to_csv().encode()).hexdigest()}
