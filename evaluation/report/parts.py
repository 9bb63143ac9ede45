"""What the templates are given: plain data, already in words and digits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from evaluation.report.sprites import Sheet
from evaluation.wording import MISSING


@dataclass(frozen=True)
class RowGroup:
    """Rows of a table under a heading of their own (None: no heading)."""

    heading: str | None
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Table:
    """A table. The first `texts` columns are text, the others numbers; the first names its row."""

    caption: str
    columns: Sequence[str]
    groups: Sequence[RowGroup]
    texts: int = 1
    missing: str = MISSING


@dataclass(frozen=True)
class Picture:
    """A figure: `uri` is a data URI, `alt` says what is to be seen in it."""

    uri: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Tile:
    """A clip that plays.

    Attributes:
        sheet: its sprite sheet.
        label: for those who cannot see it.
        caption: its lines.
        key: what a script finds it by, empty if none looks for it.
        colour: of a dot before the caption, as hex, empty for none.
    """

    sheet: Sheet
    label: str
    caption: Sequence[str]
    key: str = ""
    colour: str = ""


@dataclass(frozen=True)
class TileGroup:
    """The samples of a method for a clip."""

    name: str
    kind: str
    facts: Sequence[str]
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Comparer:
    """What can be laid over each other: keys of tiles are those of `tile_key`, that of the real clip is `REAL_KEY`.

    Attributes:
        sides, takes: values with labels.
        width, height: of the canvas, in pixels of a frame.
    """

    sides: Sequence[tuple[str, str]]
    takes: Sequence[tuple[str, str]]
    width: int
    height: int


REAL_KEY = "real"


def tile_key(place: int, index: int) -> str:
    """What the comparer finds a tile by: the place of its method or variant, and the index of the sample."""
    return f"{place} {index}"


def make_comparer(names: Sequence[str], takes: Sequence[str], sheet: Sheet) -> Comparer | None:
    """The comparer of a clip's tiles, None if there is nothing beside the clip.

    Args:
        names: of methods or variants by their place, empty for those without samples.
        takes: names of the samples by their index.
        sheet: that of the real clip.
    """
    there = [(str(place), name) for place, name in enumerate(names) if name]
    if not there or not takes:
        return None
    numbered = [(str(index), name) for index, name in enumerate(takes)]
    return Comparer([(REAL_KEY, "the clip itself"), *there], numbered, sheet.width, sheet.height)


@dataclass(frozen=True)
class ClipSection:
    """Everything about a clip.

    Attributes:
        delays: how long each frame of the real clip is shown, in milliseconds; the section plays by these.
        facts: where the clip is from, its size.
        stand_in: whether it is a synthetic scene instead of the real clip.
    """

    name: str
    anchor: str
    delays: Sequence[int]
    facts: Sequence[str]
    stand_in: bool
    real: Tile
    groups: Sequence[TileGroup]
    comparer: Comparer | None
    losses: Sequence[Picture] = field(default_factory=tuple)
