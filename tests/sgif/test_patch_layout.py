"""The training-free peer: patches inside a clip, their votes, layouts out of noise, and runs without weights."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.config import Config, NearestConfig, override
from sgif.frames import resize, to_frames
from sgif.noise import seeded
from sgif.patch_index import PatchIndex
from sgif.patch_layout import PatchLayout, level_shapes, resized
from sgif.presets import resolve
from sgif.retrieval import retrieval_of
from sgif.run import load_run, train
from sgif.sampler import sample
from sgif.voting import overlapped

SIZE = (24, 40)


def smooth(seed, frames=5, size=SIZE):
    return resize(torch.rand(frames, 3, size[0] // 4, size[1] // 4, generator=seeded(seed)) * 2 - 1, size).clamp(-1, 1)


def all_places(grid):
    return itertools.product(*map(range, grid))


def layout(clip, **changes):
    values = {f"nearest.{key}": value for key, value in changes.items()}
    return PatchLayout(clip, override(resolve("smoke", "patch-nn"), values))


def test_patches_inside_are_those_cut_one_by_one():
    clip, other = smooth(0), smooth(1, 4)
    index = PatchIndex(clip, seeded(0), 7, 3, inside=True)
    assert index.shape == (3, 18, 34) and len(index.keys) == 3 * 18 * 34
    cut = [
        torch.stack([video[t : t + 3, :, y : y + 7, x : x + 7].flatten() for t, y, x in all_places(index.grid(video))])
        for video in (clip, other)
    ]
    basis = torch.linalg.svd((cut[0] - cut[0].mean(0)).double(), full_matrices=False)[2][:40].T
    for video, patches in zip((clip, other), cut, strict=True):
        expected = (patches - cut[0].mean(0)).double() @ basis
        found = index.features(video).double()
        torch.testing.assert_close(torch.cdist(found, found), torch.cdist(expected, expected), rtol=1e-3, atol=1e-2)


def test_a_row_counts_as_so_much_of_the_variance():
    clip, grid = smooth(0), (3, 18, 34)
    plain, index = (PatchIndex(clip, seeded(0), 7, 3, inside=True, height=height) for height in (0, 4))
    added = torch.cdist(index.keys, index.keys).square() - torch.cdist(plain.keys, plain.keys).square()
    rows = torch.tensor([y / 18 for _, y, _ in all_places(grid)])
    expected = 4 * index.variance * (rows[:, None] - rows).square()
    torch.testing.assert_close(added, expected, rtol=1e-3, atol=2e-3 * index.variance)


@pytest.mark.parametrize("reduce", ["median", "mean"])
def test_votes_are_those_counted_pixel_by_pixel(reduce):
    clip = smooth(2, 4, (8, 12))
    side, frames, grid = 3, 2, (2, 5, 6)
    ends = (len(clip) - frames + 1, 8 - side + 1, 12 - side + 1)
    places = torch.stack([torch.randint(end, grid, generator=seeded(end)) for end in ends])
    made = overlapped(places, clip, side, frames, reduce)
    said = {}
    for t, y, x in all_places(grid):
        a, b, c = places[:, t, y, x].tolist()
        for i, j, k in itertools.product(range(frames), range(side), range(side)):
            said.setdefault((t + i, y + j, x + k), []).append(clip[a + i, :, b + j, c + k])
    assert made.shape == (3, 3, 7, 8) and len(said) == 3 * 7 * 8
    for (t, y, x), votes in said.items():
        votes = torch.stack(votes)
        expected = votes.median(0).values if reduce == "median" else votes.mean(0)
        torch.testing.assert_close(made[t, :, y, x], expected)


def test_patches_at_their_own_places_give_the_clip_back():
    clip = smooth(3)
    places = torch.stack(torch.meshgrid(*(torch.arange(n) for n in (3, 18, 34)), indexing="ij"))
    assert torch.equal(overlapped(places, clip, 7, 3, "median"), clip)


@given(frames=st.integers(3, 40), height=st.integers(15, 200), width=st.integers(15, 200), factor=st.floats(1.1, 3))
@settings(max_examples=50, deadline=None)
def test_levels_grow_from_the_coarsest_to_the_clip(frames, height, width, factor):
    nearest = NearestConfig(factor=factor)
    shapes = level_shapes(frames, (height, width), nearest)
    assert shapes[-1] == (frames, height, width)
    assert all(a <= b for coarse, fine in itertools.pairwise(shapes) for a, b in zip(coarse, fine, strict=True))
    assert min(shapes[0][1:]) == nearest.coarsest_side or len(shapes) == 1
    assert shapes[0][0] >= min(frames, nearest.coarsest_frames)


def test_time_is_resized_as_torch_resizes_a_row():
    clip = torch.rand(8, 3, 2, 3, generator=seeded(0))
    found = resized(clip, (4, 2, 3))
    for row in found.permute(1, 2, 3, 0).reshape(-1, 4):
        assert row.isfinite().all()
    steady = clip[:1].expand(8, -1, -1, -1).contiguous()
    torch.testing.assert_close(resized(steady, (3, 2, 3)), steady[:3])
    ramp = torch.arange(8.0).view(8, 1, 1, 1).expand(-1, 3, 2, 3).contiguous()
    torch.testing.assert_close(resized(ramp, (4, 2, 3))[1:-1, 0, 0, 0], torch.tensor([2.5, 4.5]))


def test_without_noise_and_rule_a_layout_is_the_clip():
    clip = smooth(4)
    made = layout(clip, noise=0, apart=0).generate(5, seeded(0), size=SIZE)
    assert float((made - clip).abs().mean()) < 0.02


def test_layouts_differ_by_seed_and_not_by_what_was_asked_before():
    clip = smooth(5)
    fresh, used = layout(clip), layout(clip)
    used.generate(5, seeded(1), size=SIZE)
    first = fresh.generate(5, seeded(2), size=SIZE)
    assert torch.equal(first, used.generate(5, seeded(2), size=SIZE))
    assert not torch.allclose(first, fresh.generate(5, seeded(3), size=SIZE))
    # The median of a colour at a time is a value of the clip's.
    assert bool(torch.isin(first, clip).all())


def test_no_layout_is_a_copy_though_a_little_noise_leads_back_to_the_clip():
    clip = smooth(6)
    copies = [
        float((layout(clip, noise=0.5, apart=apart).generate(5, seeded(0), size=SIZE) - clip).abs().mean())
        for apart in (0.0, 0.1)
    ]
    assert copies[0] < 0.05 < 0.15 < copies[1]


@pytest.mark.parametrize(("frames", "size"), [(5, (24, 80)), (12, SIZE), (3, (48, 40))])
def test_layouts_of_other_sizes_and_lengths(frames, size):
    clip = smooth(7)
    made = layout(clip, steps=(1, 1)).generate(frames, seeded(0), size=size)
    assert made.shape == (frames, 3, *size) and bool(torch.isin(made, clip).all())


def test_a_run_holds_its_config_and_no_weights(tmp_path):
    config = override(resolve("smoke", "patch-nn"), {"nearest.layout_side": 20, "nearest.steps": (1, 1)})
    real = make_clip(to_frames(smooth(8, 4, (32, 44))), id="eight")
    whole = train(real, config, tmp_path / "run", method="patch-nn", preset="smoke")
    assert sorted(p.name for p in (tmp_path / "run").iterdir() if not p.name.startswith(".")) == [
        "clip.json", "clip.npz", "config.json", "finished.json", "timings.json",
    ]  # fmt: skip
    read = load_run(tmp_path / "run")
    assert read.retrieval.sizes[0] == (20, 28) == read.pyramid.size
    first = sample(whole, 3, 1)
    assert first.sha256 == sample(read, 3, 1).sha256 != sample(read, 3, 2).sha256
    wide = sample(read, 3, 1, size=(32, 88), frames=7)
    assert wide.size == (32, 88) and len(wide) == 7
    with pytest.raises(InputError, match="--size 10x44: the coarsest level would be 6x28"):
        sample(read, 3, 1, size=(10, 44))
    with pytest.raises(InputError, match="--frames 2: patches have 3"):
        sample(read, 3, 1, frames=2)


def test_a_clip_shorter_than_a_patch_is_refused(tmp_path):
    real = make_clip(to_frames(smooth(9, 2, (32, 44))), id="two")
    with pytest.raises(InputError, match=r"nearest.frames: the clip has 2 frames, a patch 3"):
        train(real, resolve("smoke", "patch-nn"), tmp_path / "run", method="patch-nn", preset="smoke")
    assert not (tmp_path / "run" / "finished.json").exists()


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"nearest.layout": True}, "nearest.layout"),
        ({"plus.retrieval": True}, "plus.retrieval"),
        ({"nearest.side": 20}, "nearest.side"),
        ({"nearest.frames": 4}, "nearest.frames"),
        ({"nearest.steps": ()}, "nearest.steps"),
        ({"nearest.layout_side": 10}, "nearest.coarsest_side"),
        ({"nearest.factor": 0.85}, "nearest.factor"),
    ],
)
def test_a_config_that_cannot_be_is_refused(values, key):
    with pytest.raises(InputError, match=key):
        override(Config(), values)


def test_details_start_at_the_size_of_the_layout():
    config = resolve("cpu", "patch-nn")
    assert retrieval_of(smooth(9, 3, (100, 120)), config).sizes == [(50, 60), (100, 120)]
    assert retrieval_of(smooth(9, 3, (28, 40)), config).sizes == [(28, 40)]
