"""Where a protocol's files lie, as scripts need it: a few names in place of hundreds of paths on a command line."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation.records import FLOOR

Run = tuple[str, str, int]
"""Clip, method and seed."""


@dataclass(frozen=True)
class Layout:
    """The cells of one results folder.

    Attributes:
        root: the folder.
        protocol: its protocol.
        clips, methods: in the order of tables and pages.
        trained: those of `methods` that are trained; each has all `seeds`, the others only the first.
        seeds: of the trainings.
        samples: how many a cell; external methods have as many as there are files.
        external: those of `methods` whose samples come from outside.
        missing: (clip, method) of external methods without samples of a clip.
    """

    root: str
    protocol: str
    clips: tuple[str, ...]
    methods: tuple[str, ...]
    trained: tuple[str, ...]
    seeds: tuple[int, ...]
    samples: int
    external: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        """As `from_json` reads it."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> "Layout":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        values["missing"] = [tuple(pair) for pair in values["missing"]]
        return Layout(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})

    def cells(self) -> Iterator[Run]:
        """Every (clip, method, seed)."""
        for clip in self.clips:
            for method in self.methods:
                if (clip, method) in self.missing:
                    continue
                for seed in self.seeds if method in self.trained else self.seeds[:1]:
                    yield clip, method, seed

    def clip(self, clip: str) -> Path:
        """The clip as it is trained on and scored."""
        return Path(self.root, "clips", f"{clip}.npz")

    def metrics(self, run: Run) -> Path:
        """The metric file of a cell."""
        return self._path("metrics", run).with_suffix(".json")

    def sample_files(self, run: Run) -> list[Path]:
        """The samples of a cell, in order; of external ones those that are there."""
        folder = self.sample_folder(run)
        if run[1] in self.external:
            return sorted(folder.glob("[!.]*.npz"), key=lambda path: int(path.stem))
        return [folder / f"{i}.npz" for i in range(self.samples)]

    def sample_folder(self, run: Run) -> Path:
        """Where the samples of a cell lie."""
        return self._path("samples", run)

    def floor(self, clip: str) -> Path:
        """The metric file of the clip's second half against its first."""
        return self.metrics((clip, FLOOR, 0))

    def control_values(self, clip: str) -> Path:
        """What every metric says of every control of a clip."""
        return Path(self.root, "controls", f"{clip}.csv")

    def run_files(self, name: str) -> dict[Run, Path]:
        """The file called `name` of every run folder."""
        return {run: self._path("runs", run) / name for run in self.cells() if run[1] in self.trained}

    def _path(self, kind: str, run: Run) -> Path:
        clip, method, seed = run
        return Path(self.root, kind, clip, method, str(seed))
