"""Layouts without training: noise in which every space-time patch is replaced by its nearest in the clip, again and
again, from a few frames of a few pixels up (Haim et al., ECCV 2022; for images Granot et al., CVPR 2022).

At the coarsest level the noise is so strong that chance decides what comes where; from there on a layout is only made
consistent: it is enlarged in space and time, looked up among the patches of the clip as blurred as itself, then some
times among those of the clip at its own size. Patches lie inside the clip as a whole, and a pixel is the median of what
those over it say. Four things are ours: at the coarsest level the clip's patches are dealt out to the noise, each about
equally often (`sgif.assignment`), and a patch's height in the frame counts beside its pixels; above, keys are weighted
for completeness (`sgif.nearest`); and no patch comes from its own place, or samples would be copies now and then.

The details above a layout's size are the retrieval's (`sgif.retrieval`): every patch is compared with every other here,
only with some there.
"""

from math import ceil

import torch
import torch.nn.functional as F
from torch import Tensor

from datasets.errors import InputError
from sgif.assignment import assigned_places
from sgif.config import Config, NearestConfig, PyramidConfig
from sgif.frames import resize
from sgif.nearest import nearest_places
from sgif.noise import seeded
from sgif.patch_index import PatchIndex
from sgif.pyramid import scale_sizes
from sgif.voting import overlapped

Shape = tuple[int, int, int]
"""Frames, height and width."""


class PatchLayout:
    """Layouts in the likeness of a clip; stands where a pyramid of generators would.

    Arguments:
        clip: float [S, 3, H, W] in [-1, 1], at the size of the layouts.
        config: of the run.

    Attributes:
        size: height and width of the clip.
        shapes: frames, height and width of the clip at all levels, coarsest first.

    Raises:
        InputError: the clip has fewer frames than a patch.
    """

    rate = 1

    def __init__(self, clip: Tensor, config: Config) -> None:
        self.config, self.nearest = config, config.nearest
        self.size: tuple[int, int] = tuple(clip.shape[-2:])
        if len(clip) < self.nearest.frames:
            raise InputError(
                f"nearest.frames: the clip has {len(clip)} frames, a patch {self.nearest.frames}; use a longer clip"
            )
        self.shapes = level_shapes(len(clip), self.size, self.nearest)
        self.clips = [resized(clip, shape) for shape in self.shapes]
        self._indices: dict[tuple[int, bool], PatchIndex] = {}

    def coarsest_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width at the coarsest level of a layout of `size`."""
        return tuple(
            round(own * side / whole) for own, side, whole in zip(self.shapes[0][1:], size, self.size, strict=True)
        )

    @property
    def least_side(self) -> int:
        """Pixels that the coarsest level must have in both directions."""
        return self.nearest.side

    @torch.no_grad()
    def generate(self, frames: int, rng: torch.Generator, *, size: tuple[int, int]) -> Tensor:
        """A random layout, float [frames, 3, *size], made of the clip's colours.

        Arguments:
            frames: any number from that of a patch on.
            rng: CPU generator of the noise, and of the patches that completeness is measured on.
            size: height and width; any at which the coarsest level holds a patch.

        Raises:
            InputError: fewer frames than a patch has.
        """
        own = self.nearest
        if frames < own.frames:
            raise InputError(f"--frames {frames}: patches have {own.frames} frames; ask for at least so many")
        video = self.clips[0]
        for level in range(len(self.shapes)):
            video = resized(video, self.shape(level, frames, size))
            if level == 0:
                video = video + own.noise * torch.randn(video.shape, generator=rng).to(video.device)
            apart = ceil(own.apart * min(video.shape[-2:]))
            for step in range(own.steps[min(level, len(own.steps) - 1)]):
                video = self.replaced(video, level, rng, apart, blurred=level > 0 and step == 0)
        return video

    @torch.no_grad()
    def replaced(
        self, video: Tensor, level: int, rng: torch.Generator, apart: int = 0, *, blurred: bool = False
    ) -> Tensor:
        """A layout at a level, float [T, 3, h, w], after each of its patches was replaced by its nearest.

        Arguments:
            blurred: whether it is looked up in the clip as it looks when it comes from the level below.
        """
        own, index = self.nearest, self._index(level, blurred=blurred)
        if level == 0 and own.dealt:
            places = assigned_places(index, video, apart)
        else:
            places = nearest_places(index, video, None, rng, own.alpha, apart, exact=True)
        return overlapped(places, self.clips[level], own.side, own.frames, own.vote)

    def shape(self, level: int, frames: int, size: tuple[int, int]) -> Shape:
        """Of a layout of so many frames and `size` at this level."""
        length, height, width = self.shapes[level]
        whole = self.shapes[-1][0]
        return (
            max(self.nearest.frames, round(frames * length / whole)),
            max(self.nearest.side, round(size[0] * height / self.size[0])),
            max(self.nearest.side, round(size[1] * width / self.size[1])),
        )

    def _index(self, level: int, *, blurred: bool = False) -> PatchIndex:
        """The clip's patches at a level; `blurred` as they look when they come from the level below."""
        if (level, blurred) not in self._indices:
            clip = resized(self.clips[level - 1], self.shapes[level]) if blurred else self.clips[level]
            # What is found must not depend on what was asked before: the index has a seed of its own.
            own, height = self.nearest, self.nearest.height if level == 0 else 0.0
            index = PatchIndex(clip, seeded(level), own.side, own.frames, inside=True, height=height)
            self._indices[level, blurred] = index
        return self._indices[level, blurred]


def level_shapes(frames: int, size: tuple[int, int], nearest: NearestConfig) -> list[Shape]:
    """Frames, height and width of all levels, coarsest first; the last is the clip's own.

    Their number is the nearest to what the factor gives, which is then refitted so that the coarsest short side is
    exact. Time shrinks by the same factor, to `nearest.coarsest_frames` and no further.
    """
    coarsest = min(nearest.coarsest_side, *size)
    sizes = scale_sizes(size, PyramidConfig(coarsest_side=coarsest, factor=nearest.factor))
    shapes = []
    for left, own in zip(reversed(range(len(sizes))), sizes, strict=True):
        shrink = (min(size) / coarsest) ** (-left / max(1, len(sizes) - 1))
        shapes.append((min(frames, max(nearest.coarsest_frames, round(frames * shrink))), *own))
    return shapes


def resized(video: Tensor, shape: Shape) -> Tensor:
    """A clip [T, 3, H, W] at another size (bicubic) and of another number of frames (linear); antialiased."""
    video = resize(video, shape[1:])
    if len(video) == shape[0]:
        return video
    rows = video.permute(1, 0, 2, 3).flatten(2)[None]  # time as the height of an image
    rows = F.interpolate(rows, size=(shape[0], rows.shape[-1]), mode="bilinear", align_corners=False, antialias=True)
    return rows[0].unflatten(2, video.shape[-2:]).permute(1, 0, 2, 3).contiguous()
