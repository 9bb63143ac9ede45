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
    losses: Sequence[Picture] = field(default_factory=tuple)
