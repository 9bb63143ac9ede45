"""Scoring generated clips against their real one: what `python -m evaluation score` does, as a function.

The same for every method, ours or anybody's: frames as decoded, at their own size, from uint8. Both sides must have
equally many frames, because the paper's 'same number of frames as the training GIF' is what makes values comparable.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from datasets.clip import Clip
from datasets.errors import InputError
from datasets.resize import resize_frames
from evaluation.encoders.encoder import Encoder
from evaluation.features import clip_statistics
from evaluation.metrics.sgfid import few_locations, sgfid
from evaluation.statistics import Statistics

# A file or folder, a clip, or uint8 frames [T, H, W, 3].
Source: TypeAlias = str | os.PathLike[str] | Clip | np.ndarray


@dataclass(frozen=True)
class Score:
    """The SGFID of one generated clip, with everything that it depends on.

    Attributes:
        real, fake: paths as given, or `real` and `fake N` for clips and arrays.
        encoder: name in `ENCODERS`.
        layer: name in `LAYERS`.
        frames: number of frames on each side.
        sgfid: the distance, >= 0, lower is better.
        locations: feature locations on each side, over all frames.
        weights_sha256: hash of the encoder's weights.
        resized: whether the generated clip was brought to the real one's size first.
        notes: what a reader of the value should know, one sentence each.
    """

    real: str
    fake: str
    encoder: str
    layer: str
    frames: int
    sgfid: float
    locations: int
    weights_sha256: str
    resized: bool
    notes: tuple[str, ...]


def score(
    real: Source,
    fakes: Sequence[Source],
    encoder: Encoder,
    *,
    max_frames: int | None = None,
    resize: bool = False,
    on_failure: Callable[[str, InputError], None] | None = None,
) -> list[Score]:
    """SGFID of each of `fakes` against `real`; the statistics of the real clip are computed once.

    Args:
        real: the clip that was trained on.
        fakes: generated clips.
        encoder: what makes the features.
        max_frames: use only the first so many frames of each clip; None: all.
        resize: bring generated clips of another size to the real one's (bicubic, antialiased) instead of refusing them.
        on_failure: called with the name and the error of each generated clip that cannot be scored, and the others go
            on; None: the first such error is raised.

    Returns:
        One score for each generated clip that could be scored, in the given order.

    Raises:
        InputError: the real clip cannot be used; without `on_failure`, also if a generated one cannot: it cannot be
            read, is too small, or its size or number of frames is not the real one's.

    Example:
        >>> import numpy as np
        >>> from evaluation import load_encoder, score
        >>> real = np.random.default_rng(0).integers(0, 256, (4, 40, 48, 3), dtype=np.uint8)
        >>> encoder = load_encoder("random-inception")  # needs no file; "inception-fid" for values worth comparing
        >>> [copy, reverse, dark] = score(real, [real, real[::-1], real // 2], encoder)
        >>> copy.sgfid < 1e-6, reverse.sgfid < 1e-6, dark.sgfid > 1
        (True, True, True)
        >>> copy.frames, copy.locations
        (4, 192)
    """
    if max_frames is not None and max_frames < 1:
        raise InputError(f"--max-frames {max_frames}: must be 1 or more")
    real_name = _name(real, "real")
    real_frames = _frames(real, max_frames)
    real_statistics = _statistics(real_name, real_frames, encoder)
    scores = []
    for index, fake in enumerate(fakes):
        fake_name = _name(fake, f"fake {index}")
        try:
            frames, notes = _comparable(fake_name, _frames(fake, max_frames), real_name, real_frames, resize)
            statistics = _statistics(fake_name, frames, encoder)
        except InputError as error:
            if on_failure is None:
                raise
            on_failure(fake_name, error)
            continue
        warning = few_locations(*real_statistics, *statistics)
        scores.append(
            Score(
                real=real_name,
                fake=fake_name,
                encoder=encoder.name,
                layer=encoder.layer,
                frames=len(frames),
                sgfid=sgfid(real_statistics, statistics),
                locations=statistics[0].count,
                weights_sha256=encoder.weights_sha256,
                resized=bool(notes),
                notes=(*notes, *([warning] if warning else [])),
            )
        )
    return scores


def _name(source: Source, otherwise: str) -> str:
    return otherwise if isinstance(source, Clip | np.ndarray) else os.fspath(source)


def _frames(source: Source, max_frames: int | None) -> np.ndarray:
    if isinstance(source, np.ndarray):
        return source[:max_frames]
    if isinstance(source, Clip):
        return source.frames[:max_frames]
    from datasets.decode import read_video

    # A file of one frame is no video; so two are asked for, even where one is used.
    clip = read_video(source, first=None if max_frames is None else max(2, max_frames))
    return clip.frames[:max_frames]


def _comparable(
    fake: str, frames: np.ndarray, real: str, real_frames: np.ndarray, resize: bool
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The frames of a generated clip, resized if need be and allowed, with a note if they were."""
    if len(frames) != len(real_frames):
        fewer = min(len(frames), len(real_frames))
        raise InputError(
            f"{fake}: has {len(frames)} frames, but {real} has {len(real_frames)}; "
            f"use --max-frames {fewer} to compare the first {fewer} of both"
        )
    (height, width), (real_height, real_width) = frames.shape[1:3], real_frames.shape[1:3]
    if (height, width) == (real_height, real_width):
        return frames, ()
    if not resize:
        raise InputError(
            f"{fake}: its frames are {width}x{height}, but those of {real} are {real_width}x{real_height}; "
            "use --resize to score it at that size"
        )
    note = f"resized from {width}x{height} to {real_width}x{real_height}"
    return resize_frames(frames, real_height, real_width), (note,)


def _statistics(name: str, frames: np.ndarray, encoder: Encoder) -> list[Statistics]:
    try:
        return clip_statistics(frames, encoder)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
