"""Samples from a trained pyramid, at any size and number of frames."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.frames import to_frames
from sgif.noise import seeded
from sgif.retrieval import Retrieval
from sgif.tasks import require_task

if TYPE_CHECKING:
    from sgif.run import Pyramid, Run

MAX_SIDE, MAX_FRAMES = 8192, 4096


def generate(
    pyramid: "Pyramid", retrieval: Retrieval | None, frames: int, rng: torch.Generator, size: tuple[int, int]
) -> Tensor:
    """A random sample, float [frames, 3, *size], not clipped."""
    video = pyramid.generate(frames, rng, size=_generated_size(retrieval, size))
    return retrieval.add(video, size, rng) if retrieval else video


def _generated_size(retrieval: Retrieval | None, size: tuple[int, int]) -> tuple[int, int]:
    """Of what the finest generator makes for a sample of `size`."""
    return retrieval.level_sizes(size)[0] if retrieval else size


def check_request(pyramid: "Pyramid", retrieval: Retrieval | None, size: tuple[int, int], frames: int) -> None:
    """Refuse sizes at which the pyramid has nothing to say or that nobody's memory holds.

    Raises:
        InputError: the coarsest level would be smaller than it may be, or the request is beyond the limits.
    """
    coarsest, least = pyramid.coarsest_size(_generated_size(retrieval, size)), pyramid.least_side
    if min(coarsest) < least:
        whole = retrieval.sizes[-1] if retrieval else pyramid.size
        enough = [-(-least * f // c) for f, c in zip(whole, pyramid.coarsest_size(pyramid.size), strict=True)]
        raise InputError(
            f"--size {size[0]}x{size[1]}: the coarsest level would be {coarsest[0]}x{coarsest[1]}, and may not be "
            f"smaller than {least} pixels; ask for at least {enough[0]}x{enough[1]}"
        )
    if max(size) > MAX_SIDE:
        raise InputError(f"--size {size[0]}x{size[1]}: a side is beyond {MAX_SIDE}; ask for less")
    if not 1 <= frames <= MAX_FRAMES:
        raise InputError(f"--frames {frames}: must lie between 1 and {MAX_FRAMES}; ask for such a number")


def sample(
    run: "Run", seed: int, index: int, *, size: tuple[int, int] | None = None, frames: int | None = None
) -> Clip:
    """Sample number `index` of `seed`: the same whether it is drawn alone or among others.

    Arguments:
        run: a finished training.
        seed, index: together the seed of this sample.
        size: height and width; by default the training clip's.
        frames: number of frames; by default the training clip's.

    Raises:
        InputError: a size or a number of frames out of reach, or a run that was trained for slow motion.
    """
    if run.pyramid.rate > 1:
        require_task(run, "sample")
    size, frames = size or run.clip.size, frames or len(run.clip)
    check_request(run.pyramid, run.retrieval, size, frames)
    video = generate(run.pyramid, run.retrieval, frames, seeded(seed, 2, index), size)
    delays = np.resize(run.clip.delays_ms, frames)  # the clip's delays, repeated
    return make_clip(
        to_frames(video),
        delays,
        kind="generated",
        method=run.record["method"],
        training_seed=run.record["seed"],
        seed=seed,
        index=index,
        clip_sha256=run.record["clip"]["sha256"],
        config_sha256=run.record["config_sha256"],
    )
