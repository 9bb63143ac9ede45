"""Super-resolution (paper, section 5.5): the finest generator, again and again, each time on a larger clip.

Training made the pyramid's factor r the k-th root of k, so k passes enlarge by k. Each pass enlarges the clip by r,
adds the finest scale's noise, and has the generator add the details, tile by tile: a tile is computed with as much
around it as the generator reaches, so tiles fit together, and the memory of the net does not grow with the frame.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.crops import Crop
from sgif.frames import resize, to_frames, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import seeded
from sgif.sampler import MAX_SIDE
from sgif.tasks import require_task

if TYPE_CHECKING:
    from sgif.run import Run

TILE = 128
"""Side in pixels."""


def enlarged_sizes(size: tuple[int, int], factor: int) -> list[tuple[int, int]]:
    """Height and width after each of `factor` passes; the last are `factor` times those of `size`."""
    steps = [factor ** (number / factor) for number in range(1, factor)]
    return [*((round(size[0] * step), round(size[1] * step)) for step in steps), (size[0] * factor, size[1] * factor)]


def tiles(size: tuple[int, int], side: int) -> list[Crop]:
    """Rectangles of at most `side` pixels each way that cover a frame once."""
    height, width = size
    return [
        Crop(top, left, min(side, height - top), min(side, width - left))
        for top in range(0, height, side)
        for left in range(0, width, side)
    ]


@torch.no_grad()
def refine_tiled(
    pyramid: GeneratorPyramid,
    base: Tensor,
    noise: Tensor | None,
    side: int = TILE,
    told: Callable[[int, int], None] = lambda done, all_tiles: None,
) -> Tensor:
    """The finest generator on a clip float [T, 3, H, W], tile by tile: what `pyramid.refine` gives.

    Arguments:
        noise: float [T or 1, 3, H, W], None for zeros.
        side: of a tile, in pixels.
        told: called after each tile with how many are done and how many there are.
    """
    refined, crops = torch.empty_like(base), tiles(tuple(base.shape[-2:]), side)
    for done, crop in enumerate(crops, 1):
        around, within = _surroundings(crop, tuple(base.shape[-2:]), pyramid.generators[-1].reach)
        seen = None if noise is None else around.cut(noise)
        crop.cut(refined)[:] = pyramid.refine(len(pyramid.scales) - 1, around.cut(base), seen, within)
        told(done, len(crops))
    return refined


def _surroundings(crop: Crop, size: tuple[int, int], reach: int) -> tuple[Crop, Crop]:
    """The part of a frame that decides what is made in `crop`, and where the crop lies within that part."""
    top, left = max(0, crop.top - reach), max(0, crop.left - reach)
    bottom, right = min(size[0], crop.top + crop.height + reach), min(size[1], crop.left + crop.width + reach)
    return Crop(top, left, bottom - top, right - left), Crop(crop.top - top, crop.left - left, crop.height, crop.width)


def enlarged(
    run: "Run",
    clip: Clip,
    seed: int,
    index: int = 0,
    *,
    side: int = TILE,
    told: Callable[[int, int, int], None] = lambda number, done, all_tiles: None,
) -> Clip:
    """`clip` at as many times its size as the run was trained for.

    Arguments:
        run: a training for super-resolution.
        clip: of any size and length; it should look like what was trained on, at the same size.
        seed, index: together the seed of the noise.
        side: of a tile, in pixels.
        told: called after each tile with the pass, the tile and the number of tiles.

    Raises:
        InputError: the run was not trained for super-resolution, or the result would be too large.
    """
    require_task(run, "superres")
    pyramid, factor = run.pyramid, run.pyramid.config.task.factor
    sizes, finest = enlarged_sizes(clip.size, factor), len(run.pyramid.scales) - 1
    if max(sizes[-1]) > MAX_SIDE:
        raise InputError(
            f"{factor} times {clip.size[0]}x{clip.size[1]}: a side is beyond {MAX_SIDE}; take a smaller clip"
        )
    video, rng = to_tensor(clip.frames).to(pyramid.z_star.device), seeded(seed, 5, index)
    for number, size in enumerate(sizes, 1):
        noise = pyramid.noise(finest, len(video), size, rng)
        video = refine_tiled(
            pyramid, resize(video, size), noise, side, lambda done, count, number=number: told(number, done, count)
        ).clamp_(-1, 1)
    return make_clip(
        to_frames(video),
        clip.delays_ms,
        kind="generated",
        method=run.record["method"],
        application="superres",
        factor=factor,
        training_seed=run.record["seed"],
        seed=seed,
        index=index,
        of=clip.sha256,
        clip_sha256=run.record["clip"]["sha256"],
        config_sha256=run.record["config_sha256"],
    )


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """The training clip, called `small`, and enlarged, called `large`."""
    yield "small", run.clip
    yield "large", enlarged(run, run.clip, seed)
