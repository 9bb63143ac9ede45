"""All space-time patches of a clip, ready to be compared with those of another one."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sgif.layers import stack_neighbours

SIDE, FRAMES = 5, 5
"""Pixels and frames of a patch."""
COMPONENTS = 40
"""Principal components in which patches are compared, of SIDE * SIDE * FRAMES * 3 = 375."""
_ENOUGH = 20000
"""Patches from which the principal components are found, of larger clips a random choice."""


class PatchIndex:
    """The patches around all pixels of a clip, in their leading principal components.

    Past the first and last frame a patch sees that frame again, past a border the mirror image.

    Arguments:
        clip: float [S, 3, H, W].
        rng: CPU generator of the choice of patches from which the components are found.

    Attributes:
        shape: S, H, W.
        keys: float [S * H * W, C], a patch a row.
        variance: of the patches, all components together.
    """

    def __init__(self, clip: Tensor, rng: torch.Generator) -> None:
        self.clip, self.shape = clip, (len(clip), *clip.shape[-2:])
        patches = _some_patches(clip, rng)
        self._middle = patches.mean(0)
        values, vectors = torch.linalg.eigh((patches - self._middle).T @ (patches - self._middle) / len(patches))
        self._basis = vectors[:, -COMPONENTS:]
        self.variance = float(values.sum())
        self.keys = self.features(clip)

    def features(self, video: Tensor) -> Tensor:
        """The patches around all pixels of `video`, float [T, 3, h, w], in the same components: [T * h * w, C]."""
        stacked = _stacked(video)
        filters = self._basis.T.reshape(-1, stacked.shape[1], SIDE, SIDE)
        found = F.conv2d(stacked, filters, -self._middle @ self._basis)
        return found.permute(0, 2, 3, 1).reshape(-1, found.shape[1])


def _stacked(video: Tensor) -> Tensor:
    """Each frame with its neighbours in time on the channels, and a border to reach into."""
    return F.pad(stack_neighbours(video, FRAMES // 2), [SIDE // 2] * 4, mode="reflect")


def _some_patches(clip: Tensor, rng: torch.Generator) -> Tensor:
    """All patches of a small clip, a random choice of a large one's, [n, FRAMES * 3 * SIDE * SIDE]."""
    frames, height, width = len(clip), *clip.shape[-2:]
    count = frames * height * width
    chosen = torch.arange(count) if count <= _ENOUGH else torch.randint(count, (_ENOUGH,), generator=rng)
    chosen = chosen.to(clip.device)
    offsets = torch.arange(SIDE, device=clip.device)
    rows = (chosen // width % height)[:, None] + offsets
    columns = (chosen % width)[:, None] + offsets
    windows = _stacked(clip)[(chosen // (height * width))[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return windows.permute(0, 3, 1, 2).reshape(len(chosen), -1)
