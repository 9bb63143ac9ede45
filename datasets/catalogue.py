"""The catalogue: the nine scenes of the paper, and where five of them were published.

Read from `catalogue.toml` beside this file. The GIFs are the copyright of the paper's authors, shown on their project
page without a stated licence: they are downloaded to the user's machine and never redistributed.
"""

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets.errors import InputError


@dataclass(frozen=True)
class Entry:
    """One scene.

    Attributes:
        id: short name, used in paths and on command lines.
        scene: what the paper calls it.
        title: what is to be seen, in a few words.
        width, height: size in pixels.
        frames: number of frames.
        delay_ms: how long each frame is shown, in milliseconds.
        url: where the authors published their GIF, or None: the scene is always rendered.
        sha256: of the published file, 64 hexadecimal digits, or None.
        bytes: size of the published file, or None.
        credit: whom to name beside the published clip, or None.
        licence: on what terms the published clip is there, or None.
    """

    id: str
    scene: str
    title: str
    width: int
    height: int
    frames: int
    delay_ms: int
    url: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    credit: str | None = None
    licence: str | None = None

    @property
    def published(self) -> bool:
        """Whether the authors published a GIF of this scene."""
        return self.url is not None


@cache
def entries() -> tuple[Entry, ...]:
    """All scenes, in the order in which the paper names them."""
    table = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    published = {"credit": table["credit"], "licence": table["licence"]}
    result = []
    for row in table["entry"]:
        path = row.pop("path", None)
        result.append(Entry(**row, **({"url": table["base_url"] + path, **published} if path else {})))
    return tuple(result)


def ids() -> tuple[str, ...]:
    """The ids of all scenes."""
    return tuple(entry.id for entry in entries())


def find(id: str) -> Entry:
    """The entry with this id.

    Raises:
        InputError: there is none; the message names the nearest.
    """
    for entry in entries():
        if entry.id == id:
            return entry
    raise InputError(f"unknown clip '{id}'; did you mean '{_nearest(id)}'? (one of: {', '.join(ids())})")


def _nearest(name: str) -> str:
    # The paper's words for a scene lead to its id too: 'mountains' is our 'cliff'.
    names = {entry.scene: entry.id for entry in entries()} | {entry.id: entry.id for entry in entries()}
    return names[difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.0)[0]]
