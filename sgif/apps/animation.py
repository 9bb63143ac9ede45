"""Motion transfer (paper, section 5.6): a still image, repeated over time, gets the motion of the clip.

The image takes the clip's palette (mean and deviation of each channel), enters at the second coarsest scale, and gets
its own palette back at the end. What the passes did to its coarse colours is taken back, too. [ours]

A clip that stands still is nothing that a generator has seen: it makes a tenth of the clip's motion of it. So a random
sample of the coarsest generator, less its mean over time, is added to the image where that enters. [ours]

With a retrieval, the patches of the image are looked up among those of the clip's first frame, as they look when
nothing moves, and each pixel then does what the clip's pixel there does. The finer levels go on from that. [ours]
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.frames import resize, to_frames, to_tensor
from sgif.nearest import nearest_places
from sgif.noise import seeded
from sgif.patch_index import PatchIndex
from sgif.retrieval import Retrieval, softened, vote
from sgif.sampler import MAX_FRAMES, refine_from, sample

if TYPE_CHECKING:
    from sgif.run import Run

LEVEL = 1
"""The second coarsest."""
_SETTLED = 2
_COARSE = 1 / 32
"""Of the short side: deviation of the Gaussian that leaves the colours which an image keeps."""


def animated(
    run: "Run", image: np.ndarray, seed: int, index: int = 0, *, frames: int | None = None, lively: bool = True
) -> Clip:
    """The image, moving as the clip does; at the clip's size.

    Arguments:
        run: a finished training.
        image: uint8 [H, W, 3], of any size; brought to the clip's, whose content it should be like.
        seed, index: together the seed of all noise.
        frames: how many; by default as many as the clip has.
        lively: whether the coarsest generator's motion is added; False for the paper's way. A retrieval needs it not.

    Raises:
        InputError: the number of frames is out of reach, or the run has one scale only.
    """
    pyramid, device = run.pyramid, run.pyramid.z_star.device
    count, rng = frames or len(run.clip), seeded(seed, 6, index)
    if not 1 <= count <= MAX_FRAMES:
        raise InputError(f"--frames {count}: must lie between 1 and {MAX_FRAMES}; ask for such a number")
    if run.retrieval is None and len(pyramid.scales) == 1:
        raise InputError(f"{run.folder}: has one scale, and an image enters at the second; train one with more")
    picture = resize(to_tensor(image[None]).to(device), run.clip.size).clamp(-1, 1)
    clip = to_tensor(run.clip.frames).to(device)
    matched = _with_palette(picture, picture, clip)
    if run.retrieval is not None:
        video = _by_retrieval(run.retrieval.told(soften=0.0), matched, count, rng)
    else:
        entering = matched.expand(count, -1, -1, -1)
        if lively:
            entering = entering + _coarse_motion(run, count, rng)
        video = refine_from(pyramid, None, entering, LEVEL, rng, run.clip.size)
    video = _with_palette(video, clip, picture)
    coarse = max(0.8, _COARSE * min(run.clip.size))
    video = video + softened(picture, coarse) - softened(video.mean(0, keepdim=True), coarse)
    return make_clip(
        to_frames(video),
        np.resize(run.clip.delays_ms, count),
        kind="generated",
        method=run.record["method"],
        application="animate",
        training_seed=run.record["seed"],
        seed=seed,
        index=index,
        clip_sha256=run.record["clip"]["sha256"],
        config_sha256=run.record["config_sha256"],
    )


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """Two images, as clips of a frame, and what moves: `NAME-image` and `NAME`.

    `own` is the clip's frame half way through, `sample` the first of a random sample: the same things elsewhere.
    """
    images = {"own": run.clip.frames[len(run.clip) // 2], "sample": sample(run, seed, 0).frames[0]}
    for name, image in images.items():
        yield f"{name}-image", make_clip(image[None], kind="generated", image=name)
        yield name, animated(run, image, seed)


def _with_palette(video: Tensor, old: Tensor, new: Tensor) -> Tensor:
    """`video` with each channel scaled and moved as takes the mean and deviation of `old` to those of `new`."""
    (mean, deviation), (new_mean, new_deviation) = _palette(old), _palette(new)
    return (video - mean) * (new_deviation / deviation.clamp_min(1e-3)) + new_mean


def _palette(video: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel, [1, 3, 1, 1]."""
    return video.mean((0, 2, 3), keepdim=True), video.std((0, 2, 3), correction=0, keepdim=True)


def _coarse_motion(run: "Run", frames: int, rng: torch.Generator) -> Tensor:
    """A random sample of the coarsest generator less its mean over time, float [frames, 3, *clip's size]."""
    coarse = run.pyramid.generate(frames, rng, scales=LEVEL)
    return resize(coarse - coarse.mean(0, keepdim=True), run.clip.size)


@torch.no_grad()
def _by_retrieval(retrieval: Retrieval, picture: Tensor, frames: int, rng: torch.Generator) -> Tensor:
    """The picture [1, 3, H, W] with the motion of the clip's places that look like it, [frames, 3, H, W]."""
    level, clip = min(LEVEL, len(retrieval.sizes) - 1), retrieval.clips[min(LEVEL, len(retrieval.sizes) - 1)]
    # Of one frame alone: patches that reach into moving frames around it look like no still image.
    first, still = clip[:1], resize(picture, retrieval.sizes[level])
    index, places = PatchIndex(first, seeded(level)), None
    for number in range(1 + _SETTLED):
        places = nearest_places(index, still, places, rng, retrieval.plus.alpha)
        if number < _SETTLED:
            still = vote(places, first, 3, 1)
    # To and fro: from the clip's last frame to its first would be a jump.
    time = torch.arange(frames, device=clip.device) % max(1, 2 * len(clip) - 2)
    time = torch.minimum(time, 2 * len(clip) - 2 - time) if len(clip) > 1 else torch.zeros_like(time)
    moving = [time[:, None, None].expand(-1, *still.shape[-2:]), *(part.expand(frames, -1, -1) for part in places[1:])]
    video = vote(torch.stack(moving), clip, 3, 1)
    return retrieval.add(video, tuple(picture.shape[-2:]), rng, level)
