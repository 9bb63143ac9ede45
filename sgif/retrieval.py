"""Details for a rough clip, out of the training clip: the finer scales of `sgif-plus`.

A generator has made the layout and its motion, coarse. Scale by scale, each space-time patch of it is looked up in the
training clip at the same size (`sgif.nearest`), and the clip's pixels of the next size take the patch's place. Each
pixel belongs to several patches; the mean of what they say is taken. Before a step up, a scale may be settled: its
patches are replaced, by the same rule, by those found at its own size. (Granot et al. 2022 for images, Haim et al.
2022 for clips: there the layout comes from noise, by the same search.)

At the first size patches are dealt out (`sgif.assignment`): a moment of the sample gets the patches of the clip at that
moment, each equally often, so that there is as much sky, water or ground in it as in the clip. [ours] A generator that
learns from distributions still gets such shares wrong by some tenths, sample by sample, and the search keeps that.

A generator's layout has noise from pixel to pixel, to which the distance of patch distributions is nearly blind; looked
up as it is, it becomes strange proportions of materials. It is softened first.

To copy the clip as a whole would be the best answer to that, so no patch may come from its own place at any time
(`plus.apart`). [ours]
"""

from dataclasses import replace
from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from sgif.assignment import assigned_places
from sgif.config import Config, PlusConfig
from sgif.frames import resize
from sgif.nearest import nearest_places
from sgif.noise import seeded
from sgif.patch_index import PatchIndex
from sgif.pyramid import scale_sizes

_VOTERS = 3
"""Pixels, and when a scale is settled frames, across which patches have a say in the pixel at the centre."""


class Retrieval:
    """Details at the sizes of a pyramid, from that of the finest generator up.

    Arguments:
        clip: the training clip at the finest size, float [S, 3, H, W] in [-1, 1].
        sizes: height and width of the levels, that of the finest generator first.
        plus: how to search.
    """

    def __init__(self, clip: Tensor, sizes: list[tuple[int, int]], plus: PlusConfig) -> None:
        self.plus, self.sizes = plus, sizes
        self.clips = [resize(clip, size) for size in sizes]
        self._indices: dict[int, PatchIndex] = {}

    def told(self, **changes: float) -> "Retrieval":
        """The same, with some keys of the config changed."""
        return Retrieval(self.clips[-1], self.sizes, replace(self.plus, **changes))

    def level_sizes(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """Height and width of all levels when the finest has `size`."""
        if tuple(size) == self.sizes[-1]:
            return self.sizes
        height, width = self.sizes[-1]
        return [(max(1, round(size[0] * h / height)), max(1, round(size[1] * w / width))) for h, w in self.sizes]

    @torch.no_grad()
    def add(
        self, video: Tensor, size: tuple[int, int], rng: torch.Generator, start: int = 0, *, rate: int = 1
    ) -> Tensor:
        """Take what the finest generator made up to `size`, level by level.

        Arguments:
            video: float [T, 3, *level_sizes(size)[start]]; any length.
            size: height and width of the result.
            rng: CPU generator of the random places that are tried.
            start: the level that `video` is at: 0 is that of the finest generator; at the last there is nothing to add.
            rate: frames of `video` in the time of one of the clip's.

        Returns:
            float [T, 3, *size], made of the training clip's pixels.
        """
        places, video = None, softened(video, self.plus.soften)
        for finer, level in enumerate(self.level_sizes(size)[start + 1 :], start + 1):
            for _ in range(self._passes(finer - 1)):
                places = self._search(video, finer - 1, places, rng, rate)
                video = vote(places, self.clips[finer - 1], _VOTERS, _VOTERS)
            places = self._search(video, finer - 1, places, rng, rate)
            places = moved_up(places, self.clips[finer - 1].shape[-2:], level, self.clips[finer].shape[-2:])
            # Frames as they are: a mean over moments would blur what moves.
            video = vote(places, self.clips[finer], _VOTERS, 1)
        return video

    def _passes(self, level: int) -> int:
        passes = self.plus.settle
        return passes[min(level, len(passes) - 1)]

    def _search(self, video: Tensor, level: int, start: Tensor | None, rng: torch.Generator, rate: int) -> Tensor:
        if level not in self._indices:
            # What is found must not depend on what was asked before: the index has a seed of its own.
            self._indices[level] = PatchIndex(self.clips[level], seeded(level))
        index, apart = self._indices[level], ceil(self.plus.apart * min(self.clips[level].shape[-2:]))
        if level == 0 and self.plus.dealt:
            moments = [moment // rate % len(self.clips[level]) for moment in range(len(video))]
            return assigned_places(index, video, apart, moments=moments)
        return nearest_places(index, video, start, rng, self.plus.alpha, apart)


def retrieval_of(clip: Tensor, config: Config) -> Retrieval | None:
    """For a training of this clip, float [S, 3, H, W]; None where generators make all scales."""
    if not config.plus.retrieval:
        return None
    size, pyramid = tuple(clip.shape[-2:]), config.pyramid
    if config.nearest.layout:
        coarsest = min(config.nearest.layout_side, *size)
        return Retrieval(clip, scale_sizes(size, replace(pyramid, coarsest_side=coarsest, scales=None)), config.plus)
    sizes = scale_sizes(size, pyramid)
    return Retrieval(clip, sizes[min(config.plus.patch_scales, len(sizes)) - 1 :], config.plus)


def softened(video: Tensor, deviation: float) -> Tensor:
    """`video` after a Gaussian of so many pixels, float [T, 3, h, w]; past a border its last pixel again."""
    if not deviation:
        return video
    reach = ceil(3 * deviation)
    steps = torch.arange(-reach, reach + 1, device=video.device)
    kernel = torch.exp(-(steps**2) / (2 * deviation**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, -1)
    padded = F.pad(video, [reach] * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel[..., None, :], groups=3), kernel[..., None], groups=3)


def moved_up(
    places: Tensor, clip_size: tuple[int, int], size: tuple[int, int], finer_clip_size: tuple[int, int]
) -> Tensor:
    """Places at a finer size: each pixel moves as the coarse pixel over it does.

    Arguments:
        places: int64 [3, T, h, w], of the coarse video in the coarse clip.
        clip_size: height and width of the coarse clip.
        size: of the finer video.
        finer_clip_size: of the finer clip.

    Returns:
        int64 [3, T, *size].
    """
    frame, *coordinates = places
    rows, columns = (torch.arange(n, device=places.device) for n in size)
    over = rows * places.shape[2] // size[0], columns * places.shape[3] // size[1]
    moved = []
    for axis, (own, coarse) in enumerate(zip((rows, columns), over, strict=True)):
        found = coordinates[axis][:, over[0]][:, :, over[1]].double()
        ratio = finer_clip_size[axis] / clip_size[axis]
        # Centres: pixel i of n lies at (i + 1/2) / n of the side.
        step = (own + 0.5) - (coarse + 0.5) * (size[axis] / places.shape[2 + axis])
        place = (found + 0.5) * ratio + (step[:, None] if axis == 0 else step) - 0.5
        moved.append(place.round().long().clamp(0, finer_clip_size[axis] - 1))
    return torch.stack([frame[:, over[0]][:, :, over[1]], *moved])


def vote(places: Tensor, clip: Tensor, side: int, frames: int) -> Tensor:
    """Each pixel as the mean of what the patches around it would put there.

    Arguments:
        places: int64 [3, T, h, w], where in `clip` the patch around each pixel comes from.
        clip: float [S, 3, H, W].
        side, frames: odd; patches up to half of that away have a say, where they lie within both clips.

    Returns:
        float [T, 3, h, w].
    """
    _, length, height, width = places.shape
    ends = torch.tensor([len(clip), *clip.shape[-2:]], device=places.device).view(3, 1, 1, 1)
    colours = clip.permute(0, 2, 3, 1).reshape(-1, 3)
    total, count = torch.zeros(length, height, width, 3, device=clip.device), 0
    for later in range(-(frames // 2), frames // 2 + 1):
        for down in range(-(side // 2), side // 2 + 1):
            for right in range(-(side // 2), side // 2 + 1):
                offset = torch.tensor([later, down, right], device=places.device).view(3, 1, 1, 1)
                # The patch so far before and above a pixel puts there what lies so far after and below its own place.
                said = places.roll((later, down, right), (1, 2, 3)) + offset
                counts = ((said >= 0) & (said < ends)).all(0)
                for axis, shift in enumerate((later, down, right)):
                    _drop_wrapped(counts, axis, shift)
                rows = (said[0] * clip.shape[-2] + said[1]) * clip.shape[-1] + said[2]
                share = counts[..., None].float()
                total += colours[rows.clamp(0, len(colours) - 1)] * share
                count = count + share
    return (total / count).permute(0, 3, 1, 2).contiguous()


def _drop_wrapped(counts: Tensor, axis: int, shift: int) -> None:
    """Rolling brings the other end in: it has no say."""
    if shift > 0:
        counts.narrow(axis, 0, min(shift, counts.shape[axis])).fill_(False)
    elif shift < 0:
        length = min(-shift, counts.shape[axis])
        counts.narrow(axis, counts.shape[axis] - length, length).fill_(False)
