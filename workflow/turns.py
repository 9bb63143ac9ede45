"""The turns of a long measurement, kept in a file as they come, so that a killed one goes on."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.files import append_line, write_text

if TYPE_CHECKING:
    from sgif.timing import Turn


class Turns:
    """A file of lines of JSON: first how it is measured, then a line a turn.

    A file of another measurement is started anew. So is one whose first line cannot be read; of one whose last line was
    cut short, the lines before count.

    Arguments:
        path: of the file.
        how: all that decides what is measured, as JSON holds it.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path, how: Mapping[str, Any]) -> None:
        self.path = path
        self.kept: dict[tuple[str, int, int], float] = {}
        first, *lines = _lines(path)
        if first == dict(how):
            self.kept = {
                (line["variant"], line["round"], line["scale"]): line["seconds"] for line in lines if line is not None
            }
            print(f"{len(self.kept)} turns of an earlier run are kept", file=sys.stderr, flush=True)
        # What was read is written again: a line that was cut short would swallow the next.
        records = [how, *(_record(*key, seconds) for key, seconds in self.kept.items())]
        write_text(path, "".join(json.dumps(record) + "\n" for record in records))

    def add(self, turn: "Turn") -> None:
        """Keep a turn, and say that it was taken."""
        height, width = turn.scale.size
        append_line(self.path, json.dumps(_record(turn.variant, turn.round, turn.scale.index, turn.seconds)))
        print(
            f"round {turn.round + 1}, scale {turn.scale.index + 1} ({height}x{width}), {turn.variant}: "
            f"{turn.seconds:.3f} s an iteration",
            file=sys.stderr,
            flush=True,
        )

    def clear(self) -> None:
        """The measurement is done: the file goes."""
        self.path.unlink(missing_ok=True)


def _record(variant: str, index: int, scale: int, seconds: float) -> dict[str, Any]:
    return {"variant": variant, "round": index, "scale": scale, "seconds": seconds}


def _lines(path: Path) -> list[Any]:
    """The file's lines; None for what is not JSON, and at least one line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [None]
    return [_parsed(line) for line in text.splitlines()] or [None]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
