"""A stage: a local folder that stands in for the network, with the same checks.

Laid out as `clips/{id}.gif` (published clips), `inception/` (weights of the encoder) and
`published/{clip}/{method}/{n}.mp4` with `published/{clip}/real.mp4` (what other methods generated). `manifest.json` has
bytes and SHA-256 of each file: a stage that lost one on its way is refused, and a file that is used must have its own.
"""

import os
from pathlib import Path
from typing import Any

from datasets.catalogue import find
from datasets.decode import content_sha256
from datasets.errors import InputError
from datasets.files import read_json, write_json

_MANIFEST = "manifest.json"


def stage_folder(stage: str | Path | None = None) -> Path | None:
    """The folder to use: `stage`, or that of the environment variable SGIF_STAGE; None for none ('' also means none).

    Raises:
        InputError: there is no such folder.
    """
    chosen = os.environ.get("SGIF_STAGE") if stage is None else stage
    if chosen is None or chosen == "":
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        origin = "SGIF_STAGE" if stage is None else "stage"
        raise InputError(f"{origin} {folder}: no such folder; correct it, or leave it out")
    _require_whole(folder)
    return folder


def _require_whole(stage: Path) -> None:
    """Raise InputError if a file of the manifest is missing or has another size: the stage was not copied whole."""
    wrong = [
        name for name, row in _recorded(stage).items()
        if not (stage / name).is_file() or (stage / name).stat().st_size != row["bytes"]
    ]  # fmt: skip
    if wrong:
        raise InputError(
            f"{stage}: is not the whole stage, {', '.join(sorted(wrong))} missing or cut short; copy it again, or run "
            f"'python -m datasets stage {stage}' with a network"
        )


def check_recorded(stage: Path, path: Path) -> None:
    """Compare a file of a stage with its manifest, if it stands there.

    Raises:
        InputError: it has another checksum.
    """
    if path.resolve().is_relative_to(stage.resolve()):
        row = _recorded(stage).get(path.resolve().relative_to(stage.resolve()).as_posix())
        if row:
            verify(path, row["sha256"])


def staged_path(stage: Path, id: str) -> Path:
    """Where a stage keeps the published clip `id`."""
    return stage / "clips" / f"{id}.gif"


def find_staged(stage: Path, id: str) -> Path | None:
    """The staged file of a published clip, verified; None if the stage lacks it or the clip was never published.

    Raises:
        InputError: the file is not the published one, or there is no such clip.
    """
    entry, path = find(id), staged_path(stage, id)
    if entry.sha256 is None or not path.is_file():
        return None
    verify(path, entry.sha256)
    return path


def verify(path: Path, sha256: str) -> None:
    """Raise InputError if a file has another checksum than `sha256`."""
    found = content_sha256(path)
    if found != sha256.lower():
        raise InputError(
            f"{path}: has SHA-256 {found[:12]}…, not {sha256[:12].lower()}…: it is damaged or another file; "
            "replace or delete it"
        )


def published_real(stage: Path, clip: str) -> Path:
    """`published/{clip}/real.mp4`: the real clip, encoded as the peers' samples were.

    Raises:
        InputError: the stage lacks it, or it is not what the manifest says.
    """
    path = stage / "published" / clip / "real.mp4"
    if not path.is_file():
        have = sorted(file.parent.name for file in stage.glob("published/*/real.mp4"))
        raise InputError(f"{path}: the stage lacks this file (it has it for: {', '.join(have) or 'no clip'}); add it")
    check_recorded(stage, path)
    return path


def write_manifest(stage: Path, names: list[str]) -> list[str]:
    """Record name, bytes and SHA-256 of files of the stage in its `manifest.json`, beside what is recorded already.

    All of `published/` is recorded too, once: nobody else knows what these files should be.

    Returns:
        Files of `published/` that are no longer what was recorded.
    """
    rows = {name: row for name, row in _recorded(stage).items() if (stage / name).is_file()}
    before = dict(rows)
    found = [path.relative_to(stage).as_posix() for path in (stage / "published").rglob("*") if path.is_file()]
    damaged = [name for name in found if name in rows and content_sha256(stage / name) != rows[name]["sha256"]]
    for name in {*names, *found} - (set(rows) - set(names)):
        file = stage / name
        rows[name] = {"name": name, "bytes": file.stat().st_size, "sha256": content_sha256(file)}
    if rows != before or before != _recorded(stage):
        write_json(stage / _MANIFEST, {"files": [rows[name] for name in sorted(rows)]})
    return sorted(damaged)


def _recorded(stage: Path) -> dict[str, dict[str, Any]]:
    """The rows of a stage's manifest by name; none without one."""
    path = stage / _MANIFEST
    rows = {}
    if path.exists():
        try:
            rows = {
                str(row["name"]): {"name": row["name"], "bytes": int(row["bytes"]), "sha256": str(row["sha256"])}
                for row in read_json(path, "delete it")["files"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: is not a manifest; delete it") from error
    return rows
