"""The key: what each item of a study is. It and the secret lie in a folder of their own, never in the bundle.

The folder has `secret` (32 random bytes as hexadecimal digits, readable by its owner only), `key.json` of the last
build, and `STUDY.json` of every build, so that votes of an earlier one can still be read after a rebuild.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import read_json, write_json
from evaluation.study.design import Design, design_from_json

KINDS = ("fake", "real", "catch", "practice-real", "practice-fake")
_REMEDY = "name the key folder that 'python -m evaluation study build' wrote"


@dataclass(frozen=True)
class Item:
    """What an item shows.

    Attributes:
        kind: one of `KINDS`.
        clip: whose real clip or imitation it is; None where it belongs to none.
        method, seed, sample: of a fake; None for others.
    """

    kind: str
    clip: str | None
    method: str | None = None
    seed: int | None = None
    sample: int | None = None

    @property
    def truth(self) -> str:
        """ "real" or "fake"."""
        return "real" if self.kind.endswith("real") else "fake"


@dataclass(frozen=True)
class Key:
    """A study's key.

    Attributes:
        study: its hash, 16 hexadecimal digits.
        design: as it was fixed.
        made_from: protocol, clip sources, sizes, frames and rates.
        items: item id -> what it shows, practice items too.
        sheets: sheet id -> item ids in the order of showing, practice apart.
        practice: ids of the practice items, in order; the same for all sheets.
    """

    study: str
    design: Design
    made_from: Mapping[str, Any]
    items: Mapping[str, Item]
    sheets: Mapping[str, tuple[str, ...]]
    practice: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `key.json` holds it."""
        return {
            "study": self.study,
            "design": self.design.to_json(),
            "made_from": dict(self.made_from),
            "items": {item: dataclasses.asdict(what) for item, what in self.items.items()},
            "sheets": {sheet: list(items) for sheet, items in self.sheets.items()},
            "practice": list(self.practice),
        }


def write_key(folder: Path, key: Key) -> Path:
    """Write `STUDY.json` and `key.json` into a key folder; returns the path of the latter.

    Raises:
        InputError: a file cannot be written.
    """
    for name in (key.study, "key"):
        path = folder / f"{name}.json"
        write_json(path, key.to_json())
        path.chmod(0o600)
    return path


def read_key(path: Path) -> Key:
    """Read a key file, or `key.json` of a key folder.

    Raises:
        InputError: it is missing or not what `write_key` wrote.
    """
    path = path / "key.json" if path.is_dir() else path
    values = read_json(path, _REMEDY)
    try:
        items = {item: Item(**what) for item, what in values["items"].items()}
        key = Key(
            values["study"],
            design_from_json(values["design"], str(path)),
            values["made_from"],
            items,
            {sheet: tuple(of) for sheet, of in values["sheets"].items()},
            tuple(values["practice"]),
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a study's key ({error!r}); {_REMEDY}") from error
    named = [*key.practice, *(item for of in key.sheets.values() for item in of)]
    if any(item.kind not in KINDS for item in items.values()) or set(named) != set(items):
        raise InputError(f"{path}: its sheets and items do not fit together; {_REMEDY}")
    return key
