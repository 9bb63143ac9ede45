"""The patches of a clip dealt out to those of a video, each equally often, so that the distances are least in all.

The nearest patch is one of few that chance and contrast prefer; dealt out, a clip's materials keep their shares. [ours]
(Optimal assignment by Jonker and Volgenant's algorithm, Crouse 2016: cubic in the number of patches. Many are dealt out
in random parts of equal size: each is a fair choice of all, so the shares stay.)
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from sgif.noise import seeded
from sgif.patch_index import PatchIndex

LARGEST = 1500
"""Patches that are dealt out at once: half a second."""
_FORBIDDEN = 1e6
"""Times the largest distance: what it costs to take a patch from where none may come from."""


@torch.no_grad()
def assigned_places(
    index: PatchIndex, video: Tensor, apart: int = 0, *, moments: Sequence[int] | None = None
) -> Tensor:
    """Where in the index's clip each patch of `video` gets its own from; none twice before all were taken once.

    Arguments:
        index: the clip's patches.
        video: float [T, 3, h, w].
        apart: no patch is taken nearer to its own place than so many pixels in both directions, at any time, as long as
            there are others.
        moments: for each of the video's frames of patches the clip's frame whose patches it gets; by default all of the
            clip's are dealt out to all of the video's.

    Returns:
        int64 [3, *index.grid(video)]: frame, row and column, among the index's patches.
    """
    grid, (frames, height, width) = index.grid(video), index.shape
    queries = index.features(video).double().view(grid[0], -1, index.keys.shape[1])
    keys = index.keys.double().view(frames, height * width, -1)
    rows, columns = (_near(own, whole, apart) for own, whole in zip(grid[1:], (height, width), strict=True))
    near = (rows[:, None, :, None] & columns[None, :, None, :]).reshape(grid[1] * grid[2], -1)
    if moments is None:
        place = _dealt(queries.flatten(0, 1), keys.flatten(0, 1), np.tile(near, (grid[0], frames)))
    else:
        parts = zip(moments, queries, strict=True)
        place = torch.cat([_dealt(part, keys[frame], near) + frame * height * width for frame, part in parts])
    place = place.to(video.device)
    return torch.stack([place // (height * width), place // width % height, place % width]).view(3, *grid)


def _dealt(queries: Tensor, keys: Tensor, near: np.ndarray) -> Tensor:
    """Which key each query gets, int64 [queries]; `near` ones, [queries, keys], as long as there are no others."""
    from scipy.optimize import linear_sum_assignment

    taken = np.zeros(len(queries), dtype=np.int64)
    for asking, dealt in _parts(len(queries), len(keys)):
        distances = torch.cdist(queries[asking], keys[dealt]).square().cpu().numpy()
        distances += near[np.ix_(asking, dealt)] * (_FORBIDDEN * distances.max())
        rounds = -(-len(asking) // len(dealt))
        _, place = linear_sum_assignment(np.tile(distances, (1, rounds)))
        taken[asking] = dealt[place % len(dealt)]
    return torch.from_numpy(taken)


def _parts(queries: int, keys: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of the queries and of the keys that are dealt out together: all, or random parts of many."""
    # What is found must not depend on what was asked before: the choice has a seed of its own.
    asking, dealt = (
        np.array_split(torch.randperm(count, generator=seeded(0)).numpy(), -(-count // LARGEST))
        for count in (queries, keys)
    )
    for number, part in enumerate(asking):
        yield part, dealt[number % len(dealt)]


def _near(own: int, keys: int, apart: int) -> np.ndarray:
    """Along an axis: whether a place is nearer than `apart` to the one that corresponds to a query's, [own, keys]."""
    return np.abs((np.arange(own) * keys // own)[:, None] - np.arange(keys)) < apart
