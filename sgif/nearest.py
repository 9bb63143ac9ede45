"""Nearest patches of a clip, all of it used: for each patch p of a video, among the patches q of a clip,

    argmin over q of  |p - p(q)|^2 / (alpha + min over p' of |p' - p(q)|^2)

The division favours patches of the clip that nothing in the video resembles yet (the completeness weight of Granot et
al. 2022, section 3.2; for clips Haim et al. 2022). Without it the nearest patches are the smooth ones, and samples come
out bland. [ours] The inner minimum is taken over a random choice of the video's patches.

Small searches try all pairs. Larger ones start from given places; each patch then tries the places that its neighbours
found, moved by as much, and random ones near its own (PatchMatch, Barnes et al. 2009).
"""

import torch
from torch import Tensor

from sgif.patch_index import PatchIndex

EXACT = 3e8
"""So many pairs are all tried: some tenths of a second."""
ROUNDS = 3
"""How often a patch asks its neighbours, and tries random places near its own."""
_RADII = (16, 6, 2, 1)
_REACH_IN_TIME = 2
_CHOICE = 4096
_HELD = 4_000_000
"""Distances that are held at a time: so few that their memory is used again and not given back."""


@torch.no_grad()
def nearest_places(
    index: PatchIndex,
    video: Tensor,
    start: Tensor | None,
    rng: torch.Generator,
    alpha: float,
    apart: int = 0,
    *,
    exact: bool = False,
) -> Tensor:
    """Where in the index's clip the patches of `video` find their nearest.

    Arguments:
        index: the clip's patches.
        video: float [T, 3, h, w].
        start: int64 [3, *index.grid(video)], places to start a large search from; None for each patch's own.
        rng: CPU generator of the random choices.
        alpha: in units of the clip's patch variance; the larger, the less completeness counts.
        apart: no patch may be found nearer to its own place than so many pixels in both directions, at any time.
        exact: whether all pairs are tried, however many there are.

    Returns:
        int64 [3, *index.grid(video)]: frame, row and column, among the index's patches.
    """
    queries, shape = index.features(video), index.grid(video)
    weights = completeness(index, queries, rng, alpha)
    own = _own_places(shape, index)
    if exact or len(queries) * len(index.keys) <= EXACT:
        return _exact(index, queries, weights, own[1:].flatten(1), apart).view(3, *shape)
    return _patch_match(index, queries, weights, own, own if start is None else start, rng, apart)


def completeness(index: PatchIndex, queries: Tensor, rng: torch.Generator, alpha: float) -> Tensor:
    """The weight of each of the index's patches, [N]: the larger, the less any of `queries` resembles it."""
    chosen = torch.randperm(len(queries), generator=rng)[:_CHOICE].to(queries.device)
    table, norms = queries[chosen].T, queries[chosen].square().sum(1)
    distances = [
        (block.square().sum(1) + (norms - 2 * block @ table).amin(1)).clamp_min(0) for block in index.keys.split(8192)
    ]
    return 1 / (alpha * index.variance + torch.cat(distances)).clamp_min(1e-12)


def _own_places(shape: tuple[int, int, int], index: PatchIndex) -> Tensor:
    """The place in the clip that corresponds to each pixel's own, [3, T, h, w]; frames repeat beyond the clip's end."""
    device = index.keys.device
    frames, rows, columns = (torch.arange(n, device=device) for n in shape)
    height, width = index.shape[1:]
    rows, columns = rows * height // shape[1], columns * width // shape[2]
    return torch.stack(torch.meshgrid(frames % index.shape[0], rows, columns, indexing="ij"))


def _exact(index: PatchIndex, queries: Tensor, weights: Tensor, own: Tensor, apart: int) -> Tensor:
    frames, height, width = index.shape
    # w |p - q|^2 = |p|^2 w + (-2 p) (w q) + w |q|^2 as one product.
    keys = torch.cat([index.keys, torch.ones_like(weights)[:, None], index.keys.square().sum(1, keepdim=True)], 1)
    table = (keys * weights[:, None]).T.contiguous()
    asked = torch.cat([-2 * queries, queries.square().sum(1, keepdim=True), torch.ones_like(queries[:, :1])], 1)
    block = max(16, _HELD // len(keys))
    found = []
    for part, rows, columns in zip(asked.split(block), *(axis.split(block) for axis in own), strict=True):
        distances = part @ table
        _forbid(distances.view(-1, frames, height, width), rows, columns, apart)
        found.append(distances.argmin(1))
    place = torch.cat(found)
    return torch.stack([place // (height * width), place // width % height, place % width])


def _forbid(distances: Tensor, rows: Tensor, columns: Tensor, apart: int) -> None:
    """Make the places around each query's own infinitely far, [n, frames, height, width]."""
    number = torch.arange(len(rows), device=rows.device)
    height, width = distances.shape[-2:]
    for down in range(1 - apart, apart):
        for right in range(1 - apart, apart):
            row, column = rows + down, columns + right
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            distances[number[inside], :, row[inside], column[inside]] = torch.inf


def _patch_match(
    index: PatchIndex,
    queries: Tensor,
    weights: Tensor,
    own: Tensor,
    places: Tensor,
    rng: torch.Generator,
    apart: int,
) -> Tensor:
    """`places` after each patch has tried its neighbours' and random ones, whichever is nearest."""
    device, (_, height, width) = queries.device, index.shape
    ends = torch.tensor(index.shape, device=device).view(3, 1, 1, 1) - 1

    def distances(tried: Tensor) -> Tensor:
        rows = ((tried[0] * height + tried[1]) * width + tried[2]).flatten()
        distance = ((queries - index.keys[rows]).square().sum(1) * weights[rows]).view(tried.shape[1:])
        near = ((tried[1:] - own[1:]).abs() < apart).all(0)
        return torch.where(near, torch.inf, distance)

    best = distances(places)

    def attempt(tried: Tensor) -> None:
        nonlocal places, best
        tried = torch.minimum(tried.clamp_min(0), ends)
        distance = distances(tried)
        wins = distance < best
        places, best = torch.where(wins, tried, places), torch.where(wins, distance, best)

    for _ in range(ROUNDS):
        for axis, step in ((2, 1), (2, -1), (3, 1), (3, -1), (1, 1), (1, -1)):
            # My neighbour's place, moved as far as I am from my neighbour.
            moved = places.roll(step, axis)
            moved[axis - 1] += step
            attempt(moved)
        for radius in _RADII:
            reach = torch.tensor([_REACH_IN_TIME, radius, radius]).view(3, 1, 1, 1)
            jump = (torch.rand(places.shape, generator=rng) * (2 * reach + 1)).long() - reach
            attempt(places + jump.to(device))
    return places
