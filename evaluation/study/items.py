"""Items: which samples are shown, and the frames of all that a study shows, real and fake brought to one shape.

Of each clip, the real one and the chosen samples are cut to the shortest of them: the first so many frames. Size and
delays are those of the real clip as it was trained on; a sample of another size is refused, or resized if that was
asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.clip import Clip, load_clip
from datasets.decode import read_video
from datasets.errors import InputError
from datasets.resize import resize_frames
from datasets.synthetic import SCENES, render
from evaluation.controls import CONTROLS
from evaluation.study.design import Design

LEAST_FRAMES = 2
_BLOCKS = 8  # of a catch trial, along its shorter side


@dataclass(frozen=True)
class Fake:
    """A sample that may be shown.

    Attributes:
        path: its file.
        seed: of the training behind it.
        sample: its number among those of the training.
    """

    path: Path
    seed: int
    sample: int


@dataclass(frozen=True)
class Material:
    """What there is of one clip.

    Attributes:
        clip: its name.
        real: its file, at the size of the training.
        fakes: by method.
    """

    clip: str
    real: Path
    fakes: Mapping[str, Sequence[Fake]]


@dataclass(frozen=True)
class Shown:
    """One clip as a study shows it.

    Attributes:
        real: the real clip, cut.
        fakes: (method, number) -> the sample and its frames uint8 [T, H, W, 3].
        source: where the real clip came from.
    """

    real: Clip
    fakes: Mapping[tuple[str, int], tuple[Fake, np.ndarray]]
    source: Mapping[str, Any]


def choose(material: Material, method: str, design: Design) -> list[Fake]:
    """The samples that are shown, drawn by the design's seed, whatever they look like.

    Raises:
        InputError: there are fewer than the design wants.
    """
    fakes = list(material.fakes.get(method, ()))
    if len(fakes) < design.samples:
        raise InputError(
            f"{material.clip}: {method} has {len(fakes)} samples, the study wants {design.samples}; make more, or set "
            "samples of the study to fewer"
        )
    place = design.clips.index(material.clip), design.methods.index(method)
    order = np.random.default_rng([design.seed, 3, *place]).permutation(len(fakes))
    return [fakes[index] for index in order[: design.samples]]


def read_shown(material: Material, design: Design, *, resize: bool = False) -> Shown:
    """Read the real clip and the chosen samples of one clip, and bring them to one shape.

    Raises:
        InputError: a file cannot be used.
    """
    real = load_clip(material.real) if material.real.suffix == ".npz" else read_video(material.real)
    chosen = {
        (method, number): fake
        for method in design.methods
        for number, fake in enumerate(choose(material, method, design))
    }
    frames = {key: _frames(fake.path, real, resize) for key, fake in chosen.items()}
    count = min(len(real), *map(len, frames.values()))
    if count < LEAST_FRAMES:
        raise InputError(f"{material.clip}: one of its clips has {count} frame; a study shows {LEAST_FRAMES} or more")
    cut = Clip(real.frames[:count], real.delays_ms[:count], real.source)
    return Shown(cut, {key: (chosen[key], frames[key][:count]) for key in chosen}, real.source)


def _frames(path: Path, real: Clip, resize: bool) -> np.ndarray:
    frames = read_video(path).frames
    if frames.shape[1:3] != real.size:
        if not resize:
            found, wanted = (f"{size[1]}x{size[0]}" for size in (frames.shape[1:3], real.size))
            raise InputError(f"{path}: its frames are {found}, the real clip's {wanted}; allow resizing")
        frames = resize_frames(frames, *real.size)
    return frames


def catch_frames(like: Clip, rng: np.random.Generator) -> np.ndarray:
    """A catch trial: coloured blocks that stand still, of a clip's shape. Nobody takes them for a scene, and they do
    not flicker."""
    height, width = like.size
    side = max(1, min(like.size) // _BLOCKS)
    blocks = rng.integers(0, 256, (-(-height // side), -(-width // side), 3), dtype=np.uint8)
    picture = blocks.repeat(side, axis=0).repeat(side, axis=1)[:height, :width]
    return np.repeat(picture[None], len(like), axis=0)


def practice_frames(like: Clip, design: Design) -> list[tuple[str, str, np.ndarray]]:
    """Practice items of a clip's shape: rendered scenes as the real ones, others with their blocks exchanged as fakes.

    They teach how the page works, and no sign by which the scored fakes could be told. Scenes that the study shows are
    avoided as long as there are others.

    Returns:
        (kind, scene, frames uint8 [T, H, W, 3]) for each, in the order of showing.
    """
    rng = np.random.default_rng([design.seed, 4])
    order = sorted(rng.permutation(SCENES).tolist(), key=lambda scene: scene in design.clips)
    kinds = rng.permutation([index % 2 for index in range(design.practice)])
    height, width = like.size
    found = []
    for index, fake in enumerate(kinds):
        scene = order[index % len(order)]
        frames = render(scene, height=height, width=width, frames=len(like), seed=1 + index).frames
        if fake:
            frames = CONTROLS["block-shuffle"].make(frames, rng)
        found.append(("practice-fake" if fake else "practice-real", scene, frames))
    return found
