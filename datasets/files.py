"""Files written whole or not at all, and checksums."""

import errno
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from datasets.errors import InputError

_WRITE_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EFBIG: "the file would be larger than this system allows; raise the limit (ulimit -f)",
    errno.EIO: "the disk reports an error; choose another one",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.EACCES: "permission denied; choose another folder or change its permissions",
    errno.EPERM: "permission denied; choose another folder or change its permissions",
    errno.EISDIR: "a folder of this name is there; choose another name",
    errno.ENOTDIR: "a file stands where a folder should be; choose another folder",
    errno.EEXIST: "a file stands where a folder should be; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}

# What numpy and zipfile raise for an .npz in which any byte was changed; RuntimeError: "encrypted".
NPZ_ERRORS = (
    OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Turn what can go wrong outside of this program while `path` is written into one line with its remedy.

    Raises:
        InputError: the disk is full, or the file cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _WRITE_REMEDIES:
            raise InputError(f"{path}: cannot be written: {_WRITE_REMEDIES[error.errno]}") from error
        raise


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to `path` when the block ends without an error.

    Whatever stood at `path` stays untouched until then, and for good if the block fails. The temporary name keeps the
    suffix of `path`, because writers of images and videos choose their format by it.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    temporary = None
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f".part{path.suffix}", dir=path.parent)
            os.close(handle)
            temporary = Path(name)
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            # mkstemp makes files private; a result should have the permissions that the user's umask gives.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
            temporary = None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with a final newline, whole or not at all. Key order is kept."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def append_line(path: str | Path, line: str) -> None:
    """Add one line to a log that grows while it is written.

    Raises:
        InputError: the disk is full, or the file cannot be written.
    """
    with writing(path), Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read_json(path: str | Path, remedy: str) -> Any:
    """Read JSON that this project wrote.

    Raises:
        InputError: the file is missing or is not JSON; the message ends with `remedy`.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; {remedy}") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: not readable as JSON; {remedy}") from error


_SEAL = "record_sha256"


def write_sealed(path: str | Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object with a checksum of its content in it, which `read_sealed` compares."""
    write_json(path, {**record, _SEAL: _content_sha256(record)})


def read_sealed(path: str | Path, remedy: str) -> Any:
    """Read what `write_sealed` wrote, without its checksum. A record that has none is taken as it is.

    Raises:
        InputError: the file is missing, is not JSON, or its content is not what was written.
    """
    record = read_json(path, remedy)
    if not isinstance(record, dict) or _SEAL not in record:
        return record
    seal = record.pop(_SEAL)
    if seal != _content_sha256(record):
        raise InputError(f"{path}: its content does not match the checksum in it; {remedy}")
    return record


def _content_sha256(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def seal(path: str | Path) -> None:
    """Write the checksum of a file into `{path}.sha256` beside it, as `sha256sum -c` reads it."""
    path = Path(path)
    write_text(_sealed_by(path), f"{sha256_of(path)}  {path.name}\n")


def check_seal(path: str | Path, remedy: str) -> None:
    """Compare a file with the checksum that `seal` wrote beside it, if it did.

    Raises:
        InputError: it has another content.
    """
    beside = _sealed_by(Path(path))
    if beside.exists() and beside.read_text(encoding="utf-8", errors="replace").split()[:1] != [sha256_of(path)]:
        raise InputError(f"{path}: its content does not match the checksum in {beside.name}; {remedy}")


def _sealed_by(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
