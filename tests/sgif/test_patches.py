"""Sliced Wasserstein distance of patches: against scipy, and what it must and must not see."""

import torch
from scipy.stats import wasserstein_distance

from sgif.noise import seeded
from sgif.patches import patch_distance


def clip(seed, frames=5, height=16, width=20):
    return torch.randn(frames, 3, height, width, generator=seeded(seed))


def test_it_is_the_mean_of_scipys_distances_along_each_direction():
    x, y, side, frames, projections = clip(0), clip(1) * 2, 5, 3, 4
    filters = torch.randn(projections, 3 * frames, side, side, generator=seeded(7))
    filters /= filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    expected = []
    for start in range(len(x) - frames + 1):
        for direction in filters:
            along = []
            for video in (x, y):
                # [3 frames * 3 channels, patches of 5 x 5], by hand
                stacked = torch.cat(list(video[start : start + frames]))
                patches = stacked.unfold(1, side, 1).unfold(2, side, 1)
                along.append(torch.einsum("cyxij,cij->yx", patches, direction).flatten().numpy())
            expected.append(wasserstein_distance(*along))
    found = patch_distance(x, y, [side], frames, projections, seeded(7))
    torch.testing.assert_close(float(found), sum(expected) / len(expected), rtol=1e-5, atol=1e-6)


def test_it_is_zero_for_a_clip_itself_and_for_the_same_patches_elsewhere():
    x = clip(0)
    assert float(patch_distance(x, x, [5, 7], 3, 8, seeded(0))) == 0
    # Tiled, a clip rolled by one period has the same patches at other places.
    tile = clip(1, height=8, width=8).repeat(1, 1, 4, 4)
    moved = tile.roll((8, 8), (2, 3))
    assert float(patch_distance(tile, moved, [5], 3, 8, seeded(0))) < 1e-6


def test_it_compares_each_moment_apart():
    bright, dark = torch.ones(3, 3, 16, 16), -torch.ones(3, 3, 16, 16)
    x, y = torch.cat([bright, dark]), torch.cat([dark, bright])
    assert float(patch_distance(x, y, [5], 1, 8, seeded(0))) > 0.5  # the same patches over the whole clip


def test_patches_longer_or_larger_than_the_clip_are_cut():
    x, y = clip(0, frames=2, height=6), clip(1, frames=2, height=6)
    assert float(patch_distance(x, y, [11], 3, 4, seeded(0))) > 0


def test_descent_brings_the_patches_together():
    y = torch.zeros(4, 3, 16, 16)
    y[..., ::2] = 1
    x = (0.1 * clip(3, 4, 16, 16)).requires_grad_(True)
    optimiser, rng = torch.optim.Adam([x], lr=0.02), seeded(1)
    losses = []
    for _ in range(150):
        loss = patch_distance(x, y, [4], 3, 32, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-10:]) < 0.25 * sum(losses[:10])
