"""The space-time patches of a clip, ready to be compared with those of another one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sgif.layers import stack_neighbours

SIDE, FRAMES = 5, 5
"""Pixels and frames of a patch, unless others are asked for."""
COMPONENTS = 40
"""Principal components in which patches are compared: of 5 x 5 pixels, 5 frames and 3 colours, 375."""
_ENOUGH = 20000
"""Patches from which the principal components are found, of larger clips a random choice."""


class PatchIndex:
    """The patches of a clip, in their leading principal components: one around each pixel, or those that lie inside.

    A patch around a pixel sees past the first and last frame that frame again, past a border the mirror image.

    Arguments:
        clip: float [S, 3, H, W].
        rng: CPU generator of the choice of patches from which the components are found.
        side, frames: of a patch, in pixels and frames; odd, unless `inside`.
        inside: whether the patches are those that lie within the clip as a whole; a patch's place is then that of its
            first frame's upper left pixel.
        height: weight of a patch's row, as a share of all rows, beside its pixels: its square counts so many times the
            patches' variance.

    Attributes:
        shape: how many patches lie behind, below and beside each other: of patches around pixels S, H, W.
        keys: float [number of patches, C], a patch a row.
        variance: of the patches, all components together.
    """

    def __init__(
        self,
        clip: Tensor,
        rng: torch.Generator,
        side: int = SIDE,
        frames: int = FRAMES,
        *,
        inside: bool = False,
        height: float = 0.0,
    ) -> None:
        self.clip, self.side, self.frames, self.inside = clip, side, frames, inside
        self.shape = self.grid(clip)
        patches = self._some_patches(rng)
        self._middle = patches.mean(0)
        values, vectors = torch.linalg.eigh((patches - self._middle).T @ (patches - self._middle) / len(patches))
        self._basis = vectors[:, -COMPONENTS:]
        self.variance = float(values.sum())
        self._row_weight = (height * self.variance) ** 0.5
        self.keys = self.features(clip)

    def grid(self, video: Tensor) -> tuple[int, int, int]:
        """How many patches of `video`, float [T, 3, h, w], lie behind, below and beside each other."""
        length, height, width = len(video), *video.shape[-2:]
        if self.inside:
            return length - self.frames + 1, height - self.side + 1, width - self.side + 1
        return length, height, width

    def features(self, video: Tensor) -> Tensor:
        """The patches of `video`, float [T, 3, h, w], in the same components, and its row: [number of patches, C]."""
        stacked = self._stacked(video)
        filters = self._basis.T.reshape(-1, stacked.shape[1], self.side, self.side)
        found = F.conv2d(stacked, filters, -self._middle @ self._basis)
        found = found.permute(0, 2, 3, 1)
        if self._row_weight:
            rows = torch.arange(found.shape[1], device=found.device) * (self._row_weight / found.shape[1])
            found = torch.cat([found, rows.view(1, -1, 1, 1).expand(*found.shape[:3], 1)], dim=3)
        return found.flatten(0, 2)

    def _stacked(self, video: Tensor) -> Tensor:
        """The frames of a patch on the channels, and a border where patches reach beyond the frame."""
        if self.inside:
            last = len(video) - self.frames + 1
            return torch.cat([video[first : first + last] for first in range(self.frames)], dim=1)
        return F.pad(stack_neighbours(video, self.frames // 2), [self.side // 2] * 4, mode="reflect")

    def _some_patches(self, rng: torch.Generator) -> Tensor:
        """All patches of a small clip, a random choice of a large one's, [n, frames * 3 * side * side]."""
        device, (length, height, width) = self.clip.device, self.shape
        count = length * height * width
        chosen = torch.arange(count) if count <= _ENOUGH else torch.randint(count, (_ENOUGH,), generator=rng)
        chosen = chosen.to(device)
        offsets = torch.arange(self.side, device=device)
        rows = (chosen // width % height)[:, None] + offsets
        columns = (chosen % width)[:, None] + offsets
        frames = (chosen // (height * width))[:, None, None]
        windows = self._stacked(self.clip)[frames, :, rows[:, :, None], columns[:, None, :]]
        return windows.permute(0, 3, 1, 2).reshape(len(chosen), -1)
