"""The clip: a short video as uint8 frames with their delays and a note of where they came from.

A clip on disk is `{name}.npz` (arrays `frames` and `delays_ms`) with `{name}.json` beside it (its source and the
SHA-256 of its content). Samples are clips too. Nothing is pickled.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.files import NPZ_ERRORS, read_json, replacing, write_json

DEFAULT_DELAY_MS = 100


@dataclass(frozen=True, eq=False)
class Clip:
    """A short video.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB.
        delays_ms: int32 [T], how long each frame is shown, in milliseconds.
        source: where the frames came from; always has `kind`: published, synthetic, file or generated.
    """

    frames: np.ndarray
    delays_ms: np.ndarray
    source: Mapping[str, Any] = field(default_factory=lambda: {"kind": "file"})

    def __post_init__(self) -> None:
        if self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[-1] != 3 or not self.frames.size:
            raise ValueError(f"frames must be uint8 [T, H, W, 3], not {self.frames.dtype} {list(self.frames.shape)}")
        if self.delays_ms.shape != self.frames.shape[:1]:
            raise ValueError(f"{len(self.frames)} frames need as many delays, not {list(self.delays_ms.shape)}")
        if not str(self.source.get("kind", "")):
            raise ValueError("the source of a clip must say its kind")

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.frames.shape[1], self.frames.shape[2]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 over shape, frames and delays: equal for equal content, wherever it is stored."""
        digest = hashlib.sha256(repr(self.frames.shape).encode())
        digest.update(np.ascontiguousarray(self.frames).tobytes())
        digest.update(np.ascontiguousarray(self.delays_ms, dtype="<i4").tobytes())
        return digest.hexdigest()


def make_clip(frames: np.ndarray, delays_ms: Any = DEFAULT_DELAY_MS, **source: Any) -> Clip:
    """A clip from uint8 frames [T, H, W, 3] and one delay for all frames or one each, in milliseconds."""
    delays = np.broadcast_to(np.asarray(delays_ms, dtype=np.int32), (len(frames),)).copy()
    return Clip(np.ascontiguousarray(frames), delays, {"kind": "file", **source})


def save_clip(path: str | Path, clip: Clip) -> None:
    """Write `{name}.npz`, then `{name}.json` beside it. Equal clips give equal bytes.

    Raises:
        InputError: `path` does not end in .npz, or cannot be written.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise InputError(f"{path}: a clip is stored as .npz; choose such a name")
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, frames=clip.frames, delays_ms=clip.delays_ms.astype("<i4"))
    height, width = clip.size
    write_json(
        path.with_suffix(".json"),
        {"frames": len(clip), "height": height, "width": width, "sha256": clip.sha256, "source": dict(clip.source)},
    )


def load_clip(path: str | Path) -> Clip:
    """Read a clip that `save_clip` wrote, and check its content against the checksum beside it (where there is one).

    For files from outside use `datasets.decode.read_video`, which checks limits before decoding.

    Raises:
        InputError: the file is missing, damaged, no clip, or not what its checksum says.
    """
    path = Path(path)
    remedy = "delete it and let the step that makes it run again"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            frames, delays = arrays["frames"], arrays["delays_ms"].astype(np.int32)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except NPZ_ERRORS as error:
        raise InputError(f"{path}: not a readable clip; {remedy}") from error
    sidecar = path.with_suffix(".json")
    record = read_json(sidecar, remedy) if sidecar.exists() else {}
    try:
        clip = Clip(frames, delays, record.get("source", {"kind": "file"}))
    except ValueError as error:
        raise InputError(f"{path}: not a clip: {error}; {remedy}") from error
    if "sha256" in record and record["sha256"] != clip.sha256:
        raise InputError(f"{path}: its content does not match the checksum in {sidecar.name}; {remedy}")
    return clip
