"""Nearest patches: exact against brute force, approximate against exact, and what a target is made of."""

import pytest
import torch

import sgif.matching as matching
from sgif.frames import resize
from sgif.matching import matched, nearest_places
from sgif.noise import seeded


def smooth(seed, frames=4, height=24, width=32):
    return resize(torch.randn(frames, 3, height // 4, width // 4, generator=seeded(seed)), (height, width))


def places_of(shape):
    return torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij")


def test_a_clip_finds_itself():
    x = smooth(0)
    for found, own in zip(nearest_places(x, x, seeded(0)), places_of((4, 24, 32)), strict=True):
        assert torch.equal(found, own)


def test_the_clip_itself_becomes_its_details():
    fine = smooth(0, height=48, width=64)
    coarse = resize(fine, (24, 32))
    assert torch.equal(matched(coarse, coarse, fine, seeded(0)), fine)


def test_a_moved_clip_becomes_its_details_moved():
    fine = smooth(1, height=48, width=64)
    coarse = resize(fine, (24, 32))
    moved = matched(coarse.roll(4, 3), coarse, fine, seeded(0))
    inner = (..., slice(8, -8), slice(20, -8))
    torch.testing.assert_close(moved[inner], fine.roll(8, 3)[inner])


def test_every_pixel_of_a_target_is_one_of_the_clip():
    fine = smooth(2, height=30, width=41)
    target = matched(smooth(3, 3, 13, 18) * 2, resize(fine, (13, 18)), fine, seeded(0))
    assert target.shape == (3, 3, 30, 41)
    colours = {tuple(c) for c in fine.permute(0, 2, 3, 1).reshape(-1, 3).tolist()}
    assert {tuple(c) for c in target.permute(0, 2, 3, 1).reshape(-1, 3).tolist()} <= colours


def test_exact_search_is_the_completeness_weighted_minimum(monkeypatch):
    monkeypatch.setattr(matching, "_BLOCK", 100)  # several blocks
    rough, coarse = smooth(4, 3, 12, 12), smooth(5, 2, 12, 12)
    queries, keys, variance = matching._components(matching._patches(rough), matching._patches(coarse))
    pairs = torch.cdist(queries.double(), keys.double()).square()
    expected = (pairs / (matching.ALPHA * variance + pairs.amin(0))).argmin(1)
    found = matching._exact(queries, keys, variance, torch.float32)
    assert (found == expected).float().mean() > 0.99  # ties by rounding aside


def test_the_weight_uses_more_of_the_clip_than_the_plain_minimum(monkeypatch):
    rough, coarse = smooth(6), smooth(7)
    weighted = len(torch.stack(nearest_places(rough, coarse, seeded(0))).flatten(1).unique(dim=1).T)
    monkeypatch.setattr(matching, "ALPHA", 1e9)
    plain = len(torch.stack(nearest_places(rough, coarse, seeded(0))).flatten(1).unique(dim=1).T)
    assert weighted > plain


@pytest.mark.parametrize("kind", ["itself", "another"])
def test_the_approximate_search_comes_near_the_exact_one(monkeypatch, kind):
    coarse = smooth(8, 4, 48, 64)
    rough = coarse.roll(5, 3) if kind == "itself" else smooth(9, 4, 48, 64)
    queries, keys, _ = matching._components(matching._patches(rough), matching._patches(coarse))
    exact = torch.cdist(queries, keys).square().amin(1).mean()
    monkeypatch.setattr(matching, "EXACT", 1024)
    t, y, x = nearest_places(rough, coarse, seeded(0))
    found = (queries - keys[(t * 48 * 64 + y * 64 + x).flatten()]).square().sum(1).mean()
    chance = (queries - keys[torch.randperm(len(keys), generator=seeded(1))[: len(queries)]]).square().sum(1).mean()
    assert exact <= found * (1 + 1e-4)
    assert found - exact < 0.2 * (chance - exact)


def test_a_seed_gives_the_same_target(monkeypatch):
    monkeypatch.setattr(matching, "EXACT", 256)
    rough, coarse, fine = smooth(1, 3, 24, 32), smooth(2, 3, 24, 32), smooth(3, 3, 48, 64)
    first, second = (matched(rough, coarse, fine, seeded(5)) for _ in range(2))
    assert torch.equal(first, second)
