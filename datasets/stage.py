"""A stage: a local folder that stands in for the network, with the same checks.

Laid out as `clips/{id}.gif` (published clips), `inception/` (weights of the encoder) and
`published/{clip}/{method}/{n}.mp4` with `published/{clip}/real.mp4` (what other methods generated).
"""

import os
from pathlib import Path

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
    return folder


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
    """`published/{clip}/real.mp4`: the real clip, encoded as the peers' samples were; its checksum is not known.

    Raises:
        InputError: the stage lacks it.
    """
    path = stage / "published" / clip / "real.mp4"
    if not path.is_file():
        have = sorted(file.parent.name for file in stage.glob("published/*/real.mp4"))
        raise InputError(f"{path}: the stage lacks this file (it has it for: {', '.join(have) or 'no clip'}); add it")
    return path


def write_manifest(stage: Path, names: list[str]) -> None:
    """Record name, bytes and SHA-256 of files of the stage in its `manifest.json`, beside what is recorded already."""
    path = stage / _MANIFEST
    old = read_json(path, "delete it") if path.exists() else {}
    if not isinstance(old, dict) or not isinstance(old.get("files", []), list):
        raise InputError(f"{path}: is not a manifest; delete it")
    rows = {row["name"]: row for row in old.get("files", []) if isinstance(row, dict) and "name" in row}
    for name in names:
        file = stage / name
        rows[name] = {"name": name, "bytes": file.stat().st_size, "sha256": content_sha256(file)}
    manifest = {"files": [rows[name] for name in sorted(rows) if (stage / name).is_file()]}
    if manifest != old:
        write_json(path, manifest)
