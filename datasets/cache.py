"""The user's cache of downloaded files: every file is verified each time it is used."""

import os
import urllib.request
from contextlib import suppress
from pathlib import Path

from datasets.fetch import Patience, Progress, fetch
from datasets.files import sha256_of
from datasets.limits import Limits


def cache_folder() -> Path:
    """`$SGIF_CACHE`, else `$XDG_CACHE_HOME/singan-gif-bench`, else `~/.cache/singan-gif-bench`."""
    if own := os.environ.get("SGIF_CACHE"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says that a relative path is to be ignored.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "singan-gif-bench"


def cache_path(id: str, sha256: str) -> Path:
    """Where the file of clip `id` with this checksum belongs; without a suffix, since content tells the format."""
    return cache_folder() / "clips" / f"{id}-{sha256[:16].lower()}"


def find_cached(id: str, sha256: str) -> Path | None:
    """The cached file, if it is there and has this checksum. A bad one is removed."""
    path = cache_path(id, sha256)
    if not path.is_file():
        return None
    # A cache only saves time: what cannot be read or removed is as good as not there.
    with suppress(OSError):
        if sha256_of(path) == sha256.lower():
            return path
        path.unlink()
    return None


def fetch_cached(
    id: str,
    url: str,
    sha256: str,
    *,
    max_bytes: int = Limits.max_bytes,
    patience: Patience | None = None,
    opener: urllib.request.OpenerDirector | None = None,
    progress: Progress | None = None,
) -> Path:
    """The cached file; downloaded first, if it is not there or is bad.

    Raises:
        InputError: it cannot be downloaded or stored.
    """
    if found := find_cached(id, sha256):
        return found
    path = cache_path(id, sha256)
    fetch(url, sha256, path, max_bytes=max_bytes, patience=patience, opener=opener, progress=progress)
    return path
