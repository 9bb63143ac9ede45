"""Samples from a trained pyramid, at any size and number of frames."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.frames import resize, to_frames
from sgif.model import GeneratorPyramid
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


def entry_level(pyramid: "Pyramid", retrieval: Retrieval | None, skipped: int | None = None) -> int:
    """The level at which a clip enters that skips so many generators (paper, section 5.4: typically 3).

    Levels count from the coarsest, 0: the generators', then those of the retrieval above the finest of them.

    Arguments:
        skipped: by default 3, or all but the finest where there are fewer. With a retrieval its own first level: there
            every patch is compared with every other, above only with some.

    Raises:
        InputError: no generator and no retrieval would be left.
    """
    if not isinstance(pyramid, GeneratorPyramid):
        raise InputError("a clip can only enter a run that has generators; train one with --method sgif-plus")
    generators = len(pyramid.scales)
    levels = generators + (len(retrieval.sizes) - 2 if retrieval else 0)
    if levels < 2:
        raise InputError("a clip can only enter a run of two scales or more; train one with a higher pyramid.scales")
    if skipped is None:
        return generators if retrieval and levels > generators else min(3, levels - 1)
    if not 0 < skipped < levels:
        raise InputError(f"--skip {skipped}: must lie between 1 and {levels - 1}, one less than the levels of this run")
    return skipped


@torch.no_grad()
def refine_from(
    pyramid: GeneratorPyramid,
    retrieval: Retrieval | None,
    video: Tensor,
    level: int,
    rng: torch.Generator,
    size: tuple[int, int],
) -> Tensor:
    """A clip that enters at a level in place of what those below would have made, as float [T, 3, *size], not clipped.

    Arguments:
        video: float [T, 3, H, W] in [-1, 1], of any size.
        level: as `entry_level` counts them, not 0: the coarsest generator takes noise alone.
        rng: CPU generator of all noise.
        size: height and width of the result.
    """
    generators = len(pyramid.scales)
    made_size = _generated_size(retrieval, size)
    for index in range(level, generators):
        base = resize(video, pyramid.level_size(index, made_size))
        noise = pyramid.noise(index, len(base), tuple(base.shape[-2:]), rng)
        video = pyramid.refine(index, base, noise)
    if retrieval is None:
        return video
    start = max(level, generators - 1) - (generators - 1)
    return retrieval.add(resize(video, retrieval.level_sizes(size)[start]), size, rng, start)


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
