"""Nearest patches: exact against brute force, approximate against exact, and places that are forbidden."""

import pytest
import torch
import torch.nn.functional as F

import sgif.nearest as nearest
from sgif.frames import resize
from sgif.nearest import completeness, nearest_places
from sgif.noise import seeded
from sgif.patch_index import COMPONENTS, FRAMES, SIDE, PatchIndex


def smooth(seed, frames=4, height=24, width=32):
    return resize(torch.randn(frames, 3, height // 4, width // 4, generator=seeded(seed)), (height, width))


def places_of(shape):
    return torch.stack(torch.meshgrid(*(torch.arange(n) for n in shape), indexing="ij"))


def patches(video):
    """All patches, cut one by one."""
    frames, _, height, width = video.shape
    padded = F.pad(video, [SIDE // 2] * 4, mode="reflect")
    found = []
    for t in range(frames):
        moments = [min(max(t + shift, 0), frames - 1) for shift in range(-(FRAMES // 2), FRAMES // 2 + 1)]
        found += [padded[moments, :, y : y + SIDE, x : x + SIDE].flatten() for y in range(height) for x in range(width)]
    return torch.stack(found)


def flat(places, shape):
    return (places[0] * shape[1] + places[1]) * shape[2] + places[2]


def test_features_are_principal_components_of_the_patches():
    clip, other = smooth(0, 3, 8, 8), smooth(1, 2, 8, 12)
    index = PatchIndex(clip, seeded(0))
    assert index.keys.shape == (3 * 8 * 8, COMPONENTS)
    cut = patches(clip)
    basis = torch.pca_lowrank(cut.double(), q=COMPONENTS, niter=20)[2]
    for video in (clip, other):
        expected = (patches(video).double() - cut.double().mean(0)) @ basis
        found = index.features(video).double()
        # Components are found up to their sign and order; distances do not see either.
        torch.testing.assert_close(torch.cdist(found, found), torch.cdist(expected, expected), rtol=1e-3, atol=1e-3)
    assert index.variance == pytest.approx(float(cut.var(0, unbiased=False).sum()), rel=1e-4)


def test_a_clip_finds_itself():
    clip = smooth(0)
    found = nearest_places(PatchIndex(clip, seeded(0)), clip, None, seeded(0), 0.02)
    assert torch.equal(found, places_of((4, 24, 32)))


def test_exact_search_is_the_completeness_weighted_minimum(monkeypatch):
    monkeypatch.setattr(nearest, "_HELD", 30_000)  # several blocks
    index, video = PatchIndex(smooth(5, 2, 12, 12), seeded(0)), smooth(4, 3, 12, 12)
    pairs = torch.cdist(index.features(video).double(), index.keys.double()).square()
    expected = (pairs / (0.02 * index.variance + pairs.amin(0))).argmin(1)
    found = flat(nearest_places(index, video, None, seeded(0), 0.02), index.shape).flatten()
    assert (found == expected).float().mean() > 0.99  # ties by rounding aside


def test_the_weight_is_taken_over_a_choice_of_patches(monkeypatch):
    index, video = PatchIndex(smooth(5), seeded(0)), smooth(4)
    queries = index.features(video)
    whole = completeness(index, queries, seeded(0), 0.02)
    monkeypatch.setattr(nearest, "_CHOICE", 500)
    part = completeness(index, queries, seeded(0), 0.02)
    assert bool((part <= whole * (1 + 1e-4)).all()) and not torch.equal(part, whole)


def test_the_weight_uses_more_of_the_clip_than_the_plain_minimum():
    index, video = PatchIndex(smooth(7), seeded(0)), smooth(6)
    used = [
        len(flat(nearest_places(index, video, None, seeded(0), alpha), index.shape).unique()) for alpha in (0.02, 1e9)
    ]
    assert used[0] > used[1]


@pytest.mark.parametrize("exact", [3e8, 0])
@pytest.mark.parametrize("apart", [1, 3])
def test_no_patch_comes_from_its_own_place(monkeypatch, exact, apart):
    monkeypatch.setattr(nearest, "EXACT", exact)
    clip = smooth(0)
    _, y, x = nearest_places(PatchIndex(clip, seeded(0)), clip, None, seeded(0), 0.02, apart)
    _, rows, columns = places_of((4, 24, 32))
    distance = torch.maximum((y - rows).abs(), (x - columns).abs())
    # A search that starts at forbidden places may leave a few where it found no other.
    assert (distance < apart).float().mean() <= (0 if exact else 0.02)


@pytest.mark.parametrize("kind", ["itself", "another"])
def test_the_approximate_search_comes_near_the_exact_one(monkeypatch, kind):
    clip = smooth(8, 4, 48, 64)
    video = clip.roll(5, 3) if kind == "itself" else smooth(9, 4, 48, 64)
    index = PatchIndex(clip, seeded(0))
    queries = index.features(video)
    weights = completeness(index, queries, seeded(0), 0.02)

    def distance(places):
        rows = flat(places, index.shape).flatten()
        return float(((queries - index.keys[rows]).square().sum(1) * weights[rows]).mean())

    exact = distance(nearest_places(index, video, None, seeded(0), 0.02))
    # A search as it is used: from the places that the half-size clips gave.
    small = nearest_places(
        PatchIndex(resize(clip, (24, 32)), seeded(0)), resize(video, (24, 32)), None, seeded(0), 0.02
    )
    start = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    start[1:] = start[1:] * 2
    monkeypatch.setattr(nearest, "EXACT", 0)
    found = distance(nearest_places(index, video, start, seeded(0), 0.02))
    chance = distance(torch.stack([torch.randint(n, start.shape[1:], generator=seeded(1)) for n in index.shape]))
    assert exact <= found * (1 + 1e-4)
    assert found - exact < 0.2 * (chance - exact)


def test_a_seed_gives_the_same_places(monkeypatch):
    monkeypatch.setattr(nearest, "EXACT", 0)
    index, video = PatchIndex(smooth(2, 3), seeded(0)), smooth(1, 5, 20, 40)
    first, second = (nearest_places(index, video, None, seeded(5), 0.02) for _ in range(2))
    assert torch.equal(first, second)
