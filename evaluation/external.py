"""Samples that other methods made: which files they are, and bringing them to the real clip's shape by stated rules.

Rules, the same for everybody:
- A file holds as many frames as the real clip or more; of more, the first ones count, and a note says so. Fewer are
  refused: the distance of fewer features is larger for that alone.
- Frames of another size are refused, or resized (bicubic, antialiased) where that was asked for, and a note says so.
- A file that cannot be used is left out and named, with the reason; the rest is scored.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.clip import Clip
from datasets.decode import read_video
from datasets.errors import InputError
from datasets.names import natural_key
from datasets.resize import resize_frames

_SUFFIXES = (".gif", ".mp4", ".webm", ".mov", ".webp", ".png", ".apng", ".npz")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MOST = 1000
"""Files of one clip beyond this number are refused: somebody named the wrong folder."""
INDEX = "samples.json"
"""In a folder of samples that were taken in: what was done to each, and what was left out."""


@dataclass(frozen=True)
class Sample:
    """A sample that can be scored.

    Attributes:
        file: where it came from.
        frames: uint8 [T, H, W, 3], of the real clip's shape.
        notes: what was done to it.
    """

    file: Path
    frames: np.ndarray
    notes: tuple[str, ...]


def check_name(name: str, what: str = "external method") -> str:
    """The name of an external method, or of `what`, if it may stand in paths and tables.

    Raises:
        InputError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{what} {name[:64]!r}: a name has letters, digits, '.', '_' and '-', at most 64; choose another"
        )
    return name


def parse_external(assignment: str) -> tuple[str, str]:
    """`NAME=FOLDER` as a command line gives it.

    Raises:
        InputError: it is something else.
    """
    name, separator, folder = assignment.partition("=")
    if not separator or not folder:
        raise InputError(f"--external {assignment}: not of the form NAME=FOLDER")
    return check_name(name), folder


def sample_files(folder: str, clip: str) -> list[Path]:
    """The samples of one clip, in natural order: files of a video format, and folders of PNG frames.

    Args:
        folder: where the method's samples lie, in a folder named after each clip; or a path with `{clip}` in it.
        clip: whose samples are meant.

    Raises:
        InputError: there is no such folder, or nothing in it, or far too much.
    """
    place = Path(folder.replace("{clip}", clip)) if "{clip}" in folder else Path(folder, clip)
    if not place.is_dir():
        raise InputError(f"{place}: no such folder; samples of clip '{clip}' are looked for there")
    files = [
        path for path in place.iterdir()
        if not path.name.startswith(".")
        and (any(path.glob("*.png")) if path.is_dir() else path.suffix.lower() in _SUFFIXES)
    ]  # fmt: skip
    if not files:
        raise InputError(f"{place}: holds no samples; put GIF, MP4, WebP, .npz files or folders of PNG frames there")
    if len(files) > MOST:
        raise InputError(f"{place}: holds {len(files)} files, more than {MOST}; name the folder of the samples alone")
    return sorted(files, key=lambda path: natural_key(path.name))


def read_sample(file: Path, real: Clip, *, resize: bool) -> Sample:
    """One sample, brought to the real clip's shape by the rules above.

    Raises:
        InputError: it cannot be read, has too few frames, or another size and `resize` is false.
    """
    count, (height, width) = len(real), real.size
    # One frame more than needed tells whether there are more; a file of one frame is no video.
    frames = read_video(file, first=count + 1).frames
    notes = []
    if len(frames) < count:
        raise InputError(f"{file}: has {len(frames)} frames, the real clip {count}; make longer samples")
    if len(frames) > count:
        frames = frames[:count]
        notes.append(f"first {count} frames")
    if frames.shape[1:3] != (height, width):
        size = f"{frames.shape[2]}x{frames.shape[1]}"
        if not resize:
            raise InputError(f"{file}: its frames are {size}, the real clip's {width}x{height}; allow resizing")
        frames = resize_frames(frames, height, width)
        notes.append(f"resized from {size}")
    return Sample(file, frames, tuple(notes))


def read_samples(files: Sequence[Path], real: Clip, *, resize: bool) -> tuple[list[Sample], list[InputError]]:
    """All samples that can be used, and an error for each that cannot."""
    samples, errors = [], []
    for file in files:
        try:
            samples.append(read_sample(file, real, resize=resize))
        except InputError as error:
            errors.append(error)
    return samples, errors


def account(samples: Sequence[Sample], errors: Sequence[InputError]) -> dict[str, list[str]]:
    """What was done to samples before they are scored, and what was left out, as metric files hold it."""
    return {
        "notes": [f"{sample.file.name}: {', '.join(sample.notes)}" for sample in samples if sample.notes],
        "left_out": [str(error) for error in errors],
    }
