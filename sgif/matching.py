"""What a rough clip would look like in the training clip's own details: `sgif-plus`'s target for a random sample.

A random sample has no true answer to learn from. But every small patch of it resembles some patch of the training clip,
and of that one the details are known. So each space-time patch of the sample, at the size of the scale below, is looked
up in the training clip at that size, and the finer pixels at the place that was found become the target:

    target(t, y, x) = real_n(q)   with   q = argmin over q' of  |p - p(q')|^2 / (alpha + min over p' of |p' - p(q')|^2)

The division favours patches of the training clip that nothing else resembles, so that all of it is used (the
completeness weight of Granot et al. 2022, section 3.2, and, for clips, Haim et al. 2022). The result has seams; it is
a target in the mean absolute sense, and the critics see to the rest. [ours]

Patches are compared in the span of their leading principal components. Up to `EXACT` patches all pairs are tried;
beyond, both clips are looked up at half their size first, and each patch then tries the places that its neighbours
found there and random ones near its own (PatchMatch, Barnes et al. 2009).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from sgif.frames import resize
from sgif.matching_size import ALPHA, COMPONENTS, EXACT, FRAMES, ROUNDS, SIDE

_BLOCK = 4096


@torch.no_grad()
def matched(
    rough: Tensor, coarse: Tensor, fine: Tensor, rng: torch.Generator, dtype: torch.dtype = torch.float32
) -> Tensor:
    """The details of `fine` at the places where `coarse` looks like `rough`.

    Arguments:
        rough: float [T, 3, h, w], a sample of the scale below.
        coarse: float [S, 3, h, w], the training clip at that size.
        fine: float [S, 3, H, W], the training clip at this scale's size.
        rng: CPU generator of the random places that are tried.
        dtype: number format of the products between patches; distances are summed in float32.

    Returns:
        float [T, 3, H, W]; every pixel is one of `fine`.
    """
    return _transfer(nearest_places(rough, coarse, rng, dtype), coarse, fine)


@torch.no_grad()
def nearest_places(
    rough: Tensor, coarse: Tensor, rng: torch.Generator, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, Tensor]:
    """Frame, row and column in `coarse` of the patch that each patch of `rough` resembles, each int64 [T, h, w]."""
    queries, keys, variance = _components(_patches(rough), _patches(coarse))
    shape, (frames, height, width) = (len(rough), *rough.shape[-2:]), (len(coarse), *coarse.shape[-2:])
    if max(len(queries), len(keys)) <= EXACT or min(height, width) < 4 * SIDE:
        found = _exact(queries, keys, variance, dtype).view(shape)
        return found // (height * width), found // width % height, found % width
    half = height // 2, width // 2
    t, y, x = nearest_places(resize(rough, half), resize(coarse, half), rng, dtype)
    rows = torch.arange(height, device=rough.device) * half[0] // height
    columns = torch.arange(width, device=rough.device) * half[1] // width
    t, y, x = (part[:, rows][:, :, columns] for part in (t, y, x))
    # A patch moves as its half-size one did: by as many pixels, in the larger frame.
    y = torch.arange(height, device=rough.device)[:, None] + ((y - rows[:, None]) * height / half[0]).round().long()
    x = torch.arange(width, device=rough.device) + ((x - columns) * width / half[1]).round().long()
    places = torch.stack([t.clamp(0, frames - 1), y.clamp(0, height - 1), x.clamp(0, width - 1)])
    return tuple(_refined(places, queries, keys, (frames, height, width), rng))


def _refined(
    places: Tensor, queries: Tensor, keys: Tensor, limits: tuple[int, int, int], rng: torch.Generator
) -> Tensor:
    """`places` [3, T, h, w] after each patch has tried its neighbours' and random ones, whichever is nearest."""
    strides = torch.tensor([limits[1] * limits[2], limits[2], 1], device=places.device)
    ends = torch.tensor(limits, device=places.device).view(3, 1, 1, 1) - 1

    def distances(tried: Tensor) -> Tensor:
        rows = (tried * strides.view(3, 1, 1, 1)).sum(0).flatten()
        return (queries - keys[rows]).square().sum(1).view(tried.shape[1:])

    best = distances(places)
    for _ in range(ROUNDS):
        for axis, step in ((2, 1), (2, -1), (3, 1), (3, -1), (1, 1), (1, -1)):
            # My neighbour's place, moved as far as I am from my neighbour.
            moved = places.roll(step, axis)
            moved[axis - 1] += step
            tried = torch.minimum(moved.clamp_min(0), ends)
            places, best = _better(places, best, tried, distances(tried))
        for radius in (8, 3, 1):
            reach = torch.tensor([1, radius, radius]).view(3, 1, 1, 1)
            jump = (torch.rand(places.shape, generator=rng) * (2 * reach + 1)).long() - reach
            tried = torch.minimum((places + jump.to(places.device)).clamp_min(0), ends)
            places, best = _better(places, best, tried, distances(tried))
    return places


def _better(places: Tensor, best: Tensor, tried: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    wins = distance < best
    return torch.where(wins, tried, places), torch.where(wins, distance, best)


def _exact(queries: Tensor, keys: Tensor, variance: float, dtype: torch.dtype) -> Tensor:
    """For each query the number of the key that is nearest under the completeness weight."""
    table, norms = keys.to(dtype).T.contiguous(), keys.square().sum(1)

    def distances(block: Tensor) -> Tensor:
        products = (block.to(dtype) @ table).float()
        return (block.square().sum(1, keepdim=True) + norms - 2 * products).clamp_min_(0)

    blocks = queries.split(_BLOCK)
    nearest = torch.stack([distances(block).amin(0) for block in blocks]).amin(0)
    weights = 1 / (ALPHA * variance + nearest).clamp_min(1e-12)
    return torch.cat([(distances(block) * weights).argmin(1) for block in blocks])


def _components(queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, float]:
    """Both in the leading principal components of the keys, and the keys' total variance."""
    middle = keys.mean(0)
    values, vectors = torch.linalg.eigh((keys - middle).T @ (keys - middle) / len(keys))
    basis = vectors[:, -COMPONENTS:]
    return (queries - middle) @ basis, (keys - middle) @ basis, float(values.sum())


def _patches(frames: Tensor) -> Tensor:
    """The patch around each pixel, [T * h * w, C]; past an end the end frame, past a border mirrored."""
    index = torch.arange(len(frames), device=frames.device)
    shifts = range(-(FRAMES // 2), FRAMES // 2 + 1)
    stacked = torch.cat([frames[(index + shift).clamp(0, len(frames) - 1)] for shift in shifts], 1)
    columns = F.unfold(F.pad(stacked, [SIDE // 2] * 4, mode="reflect"), SIDE)
    return columns.transpose(1, 2).reshape(-1, columns.shape[1])


def _transfer(places: tuple[Tensor, Tensor, Tensor], coarse: Tensor, fine: Tensor) -> Tensor:
    """Pixels of `fine`: each moves as the coarse pixel over it does."""
    height, width = fine.shape[-2:]
    h, w = coarse.shape[-2:]
    rows, columns = torch.arange(height, device=fine.device), torch.arange(width, device=fine.device)
    near_rows, near_columns = rows * h // height, columns * w // width
    frame, y, x = (part[:, near_rows][:, :, near_columns] for part in places)
    down = ((y - near_rows[:, None]) * height / h).round().long()
    right = ((x - near_columns) * width / w).round().long()
    y, x = (rows[:, None] + down).clamp(0, height - 1), (columns + right).clamp(0, width - 1)
    return fine.permute(0, 2, 3, 1)[frame, y, x].permute(0, 3, 1, 2).contiguous()
