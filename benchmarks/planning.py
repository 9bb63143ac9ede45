"""How long does Snakemake plan? The paper's table with all ablations, and the same with a catalogue of 200 clips.

    python benchmarks/planning.py [--clips 9 200] [--rounds 3] [--json FILE]

Each plan is a process of its own (`snakemake -n results/table1.csv results/ablations/report.html`, start of Python and
all imports included) in an empty folder without stage, cache or network, so that nothing is waited for. It is run as a
user would, and again with `--quiet all`, which spares the printing of most jobs. The code that plans is a copy of this
checkout whose catalogue has as many scenes; production code knows nothing of that. The least of the rounds counts:
what a machine does beside only adds.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from datasets.catalogue import ids
from datasets.files import write_json, write_text

HOME = Path(__file__).resolve().parents[1]
CODE = ("Snakefile", "environment.yml", "config", "workflow", "datasets", "sgif", "evaluation")
TARGETS = ("results/table1.csv", "results/ablations/report.html")


def copy_code(to: Path) -> Path:
    """Copy everything that the workflow runs to the folder `to`, with its times; returns `to`."""
    to.mkdir(parents=True, exist_ok=True)
    for name in CODE:
        source = HOME / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, to / name)
    return to


def fill_catalogue(home: Path, clips: int) -> None:
    """Give a copy of the code a catalogue of so many clips, all of them in its protocol `paper`."""
    catalogue, protocol = home / "datasets" / "catalogue.toml", home / "config" / "paper.yaml"
    names = [*ids(), *(f"scene-{number:03}" for number in range(len(ids()), clips))][:clips]
    text = catalogue.read_text(encoding="utf-8")
    for name in names[len(ids()) :]:
        text += f'\n[[entry]]\nid = "{name}"\nscene = "{name}"\ntitle = "{name}"\n'
        text += "width = 298\nheight = 168\nframes = 8\ndelay_ms = 200\n"
    write_text(catalogue, text)
    raw = yaml.safe_load(protocol.read_text(encoding="utf-8"))
    write_text(protocol, yaml.safe_dump({**raw, "clips": names}))


def offline(folder: Path) -> dict[str, str]:
    """The environment without stage, cache or network: a proxy that nobody listens at refuses at once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SGIF_")}
    proxy = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    return kept | proxy | {"SGIF_CACHE": str(folder / "cache"), "TORCH_HOME": str(folder / "torch"), "no_proxy": ""}


def plan(home: Path, folder: Path, *arguments: str) -> dict[str, Any]:
    """Plan in `folder` with the code in `home`: seconds, seconds of processor, jobs, characters printed.

    Raises:
        RuntimeError: Snakemake refused.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(home / "Snakefile"), "--directory", str(folder)]
    folder.mkdir(parents=True, exist_ok=True)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*command, "--cores", "1", "-n", *TARGETS, *arguments],
        env=offline(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or done.stdout.strip())
    total = re.search(r"^total +(\d+)$", done.stdout, re.MULTILINE)
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "jobs": int(total[1]) if total else None,
        "characters": len(done.stdout) + len(done.stderr),
    }


def measure(clips: int, rounds: int) -> dict[str, Any]:
    """Plan a catalogue of so many clips, loudly and quietly; the fastest of the rounds of each."""
    with tempfile.TemporaryDirectory() as place:
        home = copy_code(Path(place, "code"))
        fill_catalogue(home, clips)
        loud, quiet = (
            min((plan(home, Path(place, "work"), *flags) for _ in range(rounds)), key=lambda each: each["seconds"])
            for flags in ((), ("--quiet", "all"))
        )
    return {**loud, "quiet_seconds": quiet["seconds"], "quiet_cpu_seconds": quiet["cpu_seconds"]}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, nargs="+", default=(len(ids()), 200), metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    rows = {}
    for clips in options.clips:
        row = rows[str(clips)] = measure(clips, options.rounds)
        print(
            f"{clips} clips: {row['jobs']:,} jobs planned in {row['seconds']:.1f} s ({row['cpu_seconds']:.1f} s of "
            f"processor, {row['characters']:,} characters printed); --quiet all: {row['quiet_seconds']:.1f} s",
            flush=True,
        )
    if options.json:
        write_json(options.json, rows)


if __name__ == "__main__":
    main()
