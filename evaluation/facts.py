"""What a reader must know about the clips behind a table: size, and whether they are what they are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.clip import Clip
from datasets.errors import InputError
from evaluation.records import read_record


@dataclass(frozen=True)
class ClipFacts:
    """Attributes:
    kind: published, synthetic, file or generated.
    stand_in: whether a synthetic scene was used because the real clip could not be had.
    frames, height, width: as trained on and scored.
    """

    kind: str
    stand_in: bool
    frames: int
    height: int
    width: int


def facts_of_clip(clip: Clip) -> ClipFacts:
    """The facts of a clip in memory."""
    return _facts(clip.source, len(clip), *clip.size)


def facts_of_metrics(metric_files: Iterable[str | Path]) -> dict[str, ClipFacts]:
    """For every clip of some metric files its facts, clips in alphabetical order.

    Raises:
        InputError: a file is unusable, or two disagree about a clip.
    """
    facts: dict[str, tuple[ClipFacts, str | Path]] = {}
    for path in metric_files:
        record = read_record(path)
        found = _facts(record.source, record.frames, record.height, record.width)
        known, other = facts.setdefault(record.clip, (found, path))
        if known != found:
            raise InputError(f"{path}: describes clip '{record.clip}' otherwise than {other}; score both again")
    return {clip: facts[clip][0] for clip in sorted(facts)}


def _facts(source: Mapping[str, Any], frames: int, height: int, width: int) -> ClipFacts:
    kind = str(source["kind"])
    return ClipFacts(kind, kind == "synthetic" and bool(source.get("fallback")), frames, height, width)
