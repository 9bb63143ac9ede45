"""The patches of a clip dealt out to those of a video, each equally often, so that the distances are least in all.

The nearest patch of noise is one of few that chance and contrast prefer; dealt out, a clip's materials keep their
shares. [ours] (Optimal assignment by Jonker and Volgenant's algorithm, Crouse 2016: cubic in the number of patches.)
"""

import numpy as np
import torch
from torch import Tensor

from sgif.patch_index import PatchIndex

_FORBIDDEN = 1e6
"""Times the largest distance: what it costs to take a patch from where none may come from."""


@torch.no_grad()
def assigned_places(index: PatchIndex, video: Tensor, apart: int = 0) -> Tensor:
    """Where in the index's clip each patch of `video` gets its own from; none twice before all were taken once.

    Arguments:
        index: the clip's patches; some hundreds.
        video: float [T, 3, h, w].
        apart: no patch is taken nearer to its own place than so many pixels in both directions, at any time, as long as
            there are others.

    Returns:
        int64 [3, *index.grid(video)]: frame, row and column, among the index's patches.
    """
    from scipy.optimize import linear_sum_assignment

    queries, grid = index.features(video).double(), index.grid(video)
    distances = torch.cdist(queries, index.keys.double()).square().cpu().numpy()
    rows, columns = (_near(own, keys, apart) for own, keys in zip(grid[1:], index.shape[1:], strict=True))
    near = (rows[:, None, :, None] & columns[None, :, None, :]).reshape(grid[1] * grid[2], -1)
    distances += np.tile(near, (grid[0], index.shape[0])) * _FORBIDDEN * distances.max()
    rounds = -(-len(queries) // len(index.keys))
    _, taken = linear_sum_assignment(np.tile(distances, (1, rounds)))
    place = torch.from_numpy(taken % len(index.keys)).to(video.device)
    _, height, width = index.shape
    return torch.stack([place // (height * width), place // width % height, place % width]).view(3, *grid)


def _near(own: int, keys: int, apart: int) -> np.ndarray:
    """Along an axis: whether a place is nearer than `apart` to the one that corresponds to a query's, [own, keys]."""
    return np.abs((np.arange(own) * keys // own)[:, None] - np.arange(keys)) < apart
