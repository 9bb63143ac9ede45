"""Decoding: a video file or a folder of frames, from anywhere, becomes a clip.

GIF, WebP, APNG and PNG go through imageio's Pillow plugin, MP4 and other video through its PyAV plugin, frame by frame.
The format is told by the first bytes, not by the name. What a file announces is read and compared with the limits
before a pixel is decoded; what is decoded must then be what was announced.

MP4 is converted to RGB as `ffmpeg -pix_fmt rgb24` does it. Transparent pixels are laid over white.
"""

import hashlib
import io
import os
import stat
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from datasets.arrays import read_arrays
from datasets.clip import DEFAULT_DELAY_MS, Clip
from datasets.containers import container_header, container_rotation
from datasets.errors import InputError
from datasets.headers import DamagedError, Header, gif_header, png_header, webp_header
from datasets.limits import Limits
from datasets.names import natural_key
from datasets.pixels import to_rgb

_PICTURES = {"gif": gif_header, "webp": webp_header, "png": png_header}
_READABLE = "GIF, MP4, WebM, WebP, APNG, .npz or a folder of PNG frames"


def read_video(path: str | Path, limits: Limits | None = None, *, first: int | None = None) -> Clip:
    """Read a clip from a GIF, MP4 (or MOV, WebM, AVI, Ogg), WebP, APNG, `.npz` or folder of PNG frames.

    Delays: those of the file. A picture's delay of 10 ms or less becomes 100 ms, as browsers play it; video delays are
    the differences of its presentation times; frames in a folder, and arrays without `delays_ms`, get 100 ms.

    Args:
        path: the file, or a folder whose *.png files are the frames in natural order (2 before 10).
        limits: what is refused; `Limits()` by default.
        first: read only so many frames from the start; what follows them is not looked at.

    Returns:
        The clip; its source has kind 'file', name, format and the SHA-256 of the file.

    Raises:
        InputError: there is no such file, it is no video, damaged, cut off, or beyond a limit.
    """
    path, limits = Path(path), limits or Limits()
    if first is not None and first < 1:
        raise ValueError(f"first must be 1 or more, not {first}")
    if path.is_dir():
        return _read_folder(path, limits, first)
    data = _read_bytes(path, limits.max_bytes)
    limits.check_bytes(path, len(data))
    format = _sniff(data)
    if format is None:
        raise InputError(f"{path}: is no video that can be read ({_READABLE}); convert it, for example with ffmpeg")
    with _damage_as_input_error(path):
        if format == "npz":
            frames, delays = read_arrays(path, data, limits, first)
        else:
            frames, delays = _read_frames(path, data, format, limits, first)
    source = {"kind": "file", "name": path.name, "format": format, "sha256": hashlib.sha256(data).hexdigest()}
    return Clip(frames, np.asarray(delays, dtype=np.int32), source)


def read_picture(path: str | Path, limits: Limits | None = None) -> np.ndarray:
    """Read a still image: a JPEG, turned upright, or the first frame of what `read_video` reads. uint8 [H, W, 3].

    Raises:
        InputError: there is no such file, it is no image, damaged, cut off, or beyond a limit.
    """
    path, limits = Path(path), limits or Limits(min_frames=1)
    if path.is_dir():
        return read_video(path, limits, first=1).frames[0]
    data = _read_bytes(path, limits.max_bytes)
    if data[:3] != b"\xff\xd8\xff":
        return read_video(path, limits, first=1).frames[0]

    from PIL import Image, ImageOps

    limits.check_bytes(path, len(data))
    with _damage_as_input_error(path), Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
        limits.check_size(path, picture.height, picture.width)
        return np.array(ImageOps.exif_transpose(picture).convert("RGB"))


def content_sha256(path: str | Path) -> str:
    """The SHA-256 that `read_video(path).source` would state: of the file's bytes, or of a folder's PNG files.

    Raises:
        InputError: there is no such file or folder.
    """
    path = Path(path)
    if path.is_dir():
        return _folder_sha256((file.name, _digest(file)) for file in _frame_files(path))
    return _digest(path)


def _digest(path: Path) -> str:
    with _open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_regular(path: Path) -> io.BufferedReader:
    """Open a regular file. Anything else is refused without waiting for it, as a pipe would make us do."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path}: is neither a file nor a folder; give a video ({_READABLE})")
        # Between the two calls the file may have been replaced; so it is opened without waiting, and looked at again.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); check the path and its permissions") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise InputError(f"{path}: is neither a file nor a folder; give a video ({_READABLE})")
    return file


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    """The file, at most one byte more than allowed: all further steps work on these bytes, whatever happens to it."""
    with _open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > max_bytes:
            Limits(max_bytes=max_bytes).check_bytes(path, size)
        return file.read(max_bytes + 1)


def _sniff(data: bytes) -> str | None:
    """The format by its first bytes: gif, webp, png, npz, or FFmpeg's name of a container; None if unknown."""
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(data[8:12])
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    return {b"PK\x03\x04": "npz", b"PK\x05\x06": "npz", b"\x1aE\xdf\xa3": "matroska", b"OggS": "ogg"}.get(data[:4])


@contextmanager
def _damage_as_input_error(path: Path) -> Iterator[None]:
    """One line for whatever the decoders say about a damaged file."""
    from av import FFmpegError
    from imageio.core.request import InitializationError
    from PIL import Image

    remedy = "get the file again, or convert it, for example with ffmpeg"
    try:
        yield
    except DamagedError as error:
        raise InputError(f"{path}: {error}; {remedy}") from error
    except (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        # What Pillow, FFmpeg, zipfile and NumPy raise on bytes that are not what they expect (found by mutating files).
        InitializationError,
        FFmpegError,
        OSError,
        EOFError,
        ValueError,
        SyntaxError,
        LookupError,
        ArithmeticError,
        NotImplementedError,
        RuntimeError,
        struct.error,
        tokenize.TokenError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        # imageio wraps what Pillow raises while it opens a file.
        bombs = Image.DecompressionBombError, Image.DecompressionBombWarning
        if isinstance(error, bombs) or isinstance(error.__cause__, bombs):
            raise InputError(f"{path}: its frames are too large; scale the clip down") from error
        raise InputError(f"{path}: is damaged or cut off; {remedy}") from error


def _read_frames(
    path: Path, data: bytes, format: str, limits: Limits, first: int | None
) -> tuple[np.ndarray, tuple[int, ...]]:
    # One frame more than allowed is enough to know that there are too many.
    stop = limits.max_frames + 1 if first is None else first
    if format in _PICTURES:
        header, container = _PICTURES[format](data, stop), None
    else:
        header, container = container_header(data, format, stop), format
    limits.check_size(path, header.height, header.width)
    limits.check_frames(path, len(header.delays_ms), header.height, header.width)
    frames = _decode(data, header, container)
    limits.check_frames(path, *frames.shape[:3])
    turns = container_rotation(data, container) // 90 if container else 0
    return np.ascontiguousarray(np.rot90(frames, turns, axes=(1, 2))), header.delays_ms[: len(frames)]


def _decode(data: bytes, header: Header, container: str | None = None) -> np.ndarray:
    """The frames that `header` announces, uint8 [T, H, W, 3]; decoding stops after the last of them."""
    import imageio.v3 as iio

    plugin: dict[str, Any] = {"plugin": "pyav", "format": container} if container else {"plugin": "pillow"}
    # Pillow turns palettes, grey and one-colour transparency into RGBA, but would clip 16-bit grey at 255.
    mode: dict[str, Any] = {"format": "rgb24"} if container else {"mode": None if header.grey16 else "RGBA"}
    count = len(header.delays_ms)
    frames = np.empty((count, header.height, header.width, 3), dtype=np.uint8)
    done = 0
    with iio.imopen(io.BytesIO(data), "r", **plugin) as file:
        for picture in islice(file.iter(**mode), header.skip, header.skip + count):
            if picture.shape[:2] != frames.shape[1:3]:
                raise DamagedError(
                    f"has frames of different sizes (the first {done} are {header.width}x{header.height})"
                )
            frames[done] = to_rgb(picture)
            done += 1
    if done < count and (header.exact or not done):
        raise DamagedError(f"is cut off: {done} of its {count} frames can be decoded")
    return frames[:done]


def _frame_files(folder: Path) -> list[Path]:
    """The frames of a folder in natural order."""
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() == ".png" and not file.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error
    return sorted(files, key=lambda file: natural_key(file.name))


def _folder_sha256(digests: Any) -> str:
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in digests).encode()).hexdigest()


def _read_folder(folder: Path, limits: Limits, first: int | None) -> Clip:
    files = _frame_files(folder)
    if not files:
        raise InputError(f"{folder}: holds no PNG frame; give a folder of frames like 0001.png, 0002.png, …")
    if first is None and len(files) > limits.max_frames:
        limits.check_frames(folder, len(files), 1, 1)
    files = files[:first]
    limits.check_bytes(folder, sum(file.stat().st_size for file in files if file.is_file()) or 1)
    frames, digests = None, []
    for index, file in enumerate(files):
        data = _read_bytes(file, limits.max_bytes)
        limits.check_bytes(file, len(data))
        with _damage_as_input_error(file):
            if _sniff(data) != "png":
                raise DamagedError("is no PNG")
            header = png_header(data, 2)
            limits.check_size(file, header.height, header.width)
            if frames is None:
                limits.check_frames(folder, len(files), header.height, header.width)
                frames = np.empty((len(files), header.height, header.width, 3), dtype=np.uint8)
            if (header.height, header.width) != frames.shape[1:3]:
                raise DamagedError(f"is {header.width}x{header.height}, but the first frame is {_size_of(frames)}")
            if len(header.delays_ms) != 1:
                raise DamagedError("is an animation, not one frame")
            frames[index] = _decode(data, header)[0]
        digests.append((file.name, hashlib.sha256(data).hexdigest()))
    source = {"kind": "file", "name": folder.name, "format": "png-folder", "sha256": _folder_sha256(digests)}
    return Clip(frames, np.full(len(files), DEFAULT_DELAY_MS, dtype=np.int32), source)


def _size_of(frames: np.ndarray) -> str:
    return f"{frames.shape[2]}x{frames.shape[1]}"
