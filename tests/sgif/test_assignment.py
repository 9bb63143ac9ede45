"""Patches that are dealt out: against all permutations, equal shares, moments apart, and many of them in parts."""

import itertools

import pytest
import torch

import sgif.assignment
from sgif.assignment import assigned_places
from sgif.frames import resize
from sgif.noise import seeded
from sgif.patch_index import PatchIndex


def smooth(seed, frames, size):
    return resize(torch.rand(frames, 3, size[0] // 4, size[1] // 4, generator=seeded(seed)) * 2 - 1, size).clamp(-1, 1)


def numbers(places, index):
    """Which of a frame's patches each is."""
    return places[1] * index.shape[2] + places[2]


def test_dealt_patches_are_the_best_of_all_permutations():
    clip, video = smooth(10, 1, (8, 8)), smooth(11, 1, (8, 8))
    index = PatchIndex(clip, seeded(0), 6, 1, inside=True)
    assert len(index.keys) == 9 == len(index.features(video))
    distances = torch.cdist(index.features(video), index.keys).square()
    every = torch.tensor(list(itertools.permutations(range(9))))
    best = every[distances[torch.arange(9), every].sum(1).argmin()].tolist()
    row, column = assigned_places(index, video)[1:].flatten(1)
    assert (row * 3 + column).tolist() == best


def test_dealt_patches_are_used_equally_often_and_not_at_their_own_place():
    clip = smooth(12, 3, (15, 20))
    index = PatchIndex(clip, seeded(0), 7, 3, inside=True)
    wide = torch.randn(3, 3, 15, 34, generator=seeded(1))  # twice as many columns of patches
    for video, times in ((clip, 1), (wide, 2)):
        places = assigned_places(index, video, apart=2)
        used = torch.bincount((places[1] * index.shape[2] + places[2]).flatten(), minlength=len(index.keys))
        assert bool((used == times).all())
    own = torch.stack(torch.meshgrid(*(torch.arange(n) for n in index.grid(clip)), indexing="ij"))
    assert bool(((assigned_places(index, clip, apart=2)[1:] - own[1:]).abs() >= 2).any(0).all())
    assert torch.equal(assigned_places(index, clip), own)


def test_a_moment_gets_that_moments_patches_each_equally_often():
    clip = smooth(13, 3, (12, 16))
    index = PatchIndex(clip, seeded(0))
    video = smooth(14, 5, (12, 32))
    moments = [0, 1, 2, 0, 1]
    places = assigned_places(index, video, apart=2, moments=moments)
    for moment, frame in zip(moments, places.unbind(1), strict=True):
        assert bool((frame[0] == moment).all())
        used = torch.bincount((frame[1] * 16 + frame[2]).flatten(), minlength=12 * 16)
        assert bool((used == 2).all())


def test_a_moment_apart_is_dealt_as_it_is_alone():
    clip, video = smooth(15, 3, (12, 16)), smooth(16, 3, (12, 16))
    index = PatchIndex(clip, seeded(0), 5, 1)
    places = assigned_places(index, video, moments=[2, 0, 1])
    for number, moment in enumerate([2, 0, 1]):
        alone = assigned_places(index, video[number : number + 1], moments=[moment])
        assert torch.equal(places[:, number : number + 1], alone)


@pytest.mark.parametrize(("size", "times"), [((12, 16), {1}), ((24, 32), {4}), ((30, 32), {5})])
def test_many_are_dealt_in_parts_with_the_same_shares(monkeypatch, size, times):
    clip, video = smooth(17, 2, (12, 16)), smooth(18, 2, size)
    index = PatchIndex(clip, seeded(0))
    whole = assigned_places(index, video, moments=[0, 1])
    monkeypatch.setattr(sgif.assignment, "LARGEST", 192)
    places = assigned_places(index, video, moments=[0, 1])
    assert torch.equal(places, assigned_places(index, video, moments=[0, 1]))
    for frame in places.unbind(1):
        used = torch.bincount(numbers(frame[:, None], index).flatten(), minlength=192)
        assert set(used.tolist()) == times
    keys, asked = index.keys.view(2, 192, -1), index.features(video).view(2, -1, index.keys.shape[1])
    far = [
        sum(float((asked[t] - keys[t][numbers(found[:, t : t + 1], index).flatten()]).square().sum()) for t in range(2))
        for found in (whole, places)
    ]
    assert far[0] <= far[1] * (1 + 1e-6) < 1.5 * far[0]  # no better than all at once, and not much worse


def test_more_patches_than_are_dealt_at_once_on_both_sides(monkeypatch):
    monkeypatch.setattr(sgif.assignment, "LARGEST", 50)
    clip = smooth(19, 1, (12, 16))
    index = PatchIndex(clip, seeded(0))
    # The parts of a video as large as the clip take each patch once; those of a smaller one none twice.
    for size, once in (((12, 16), 192), ((8, 12), 96)):
        used = torch.bincount(numbers(assigned_places(index, smooth(20, 1, size)), index).flatten(), minlength=192)
        assert int(used.sum()) == once and set(used.tolist()) <= {0, 1}
