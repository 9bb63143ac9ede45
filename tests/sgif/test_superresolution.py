"""Super-resolution: trained on the clip itself, tiles that fit together, memory that stays, refusals."""

import resource

import numpy as np
import pytest
import torch

from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.apps.superresolution import enlarged, enlarged_sizes, refine_tiled, tiles
from sgif.config import Config, override
from sgif.frames import resize, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.pyramid import plan_scales
from sgif.run import load_run, train
from sgif.trainer import ScaleTraining


@pytest.fixture
def superres(config):
    """The tiny config, for super-resolution."""
    task = {"task.kind": "superres", "task.base": "clip", "losses.reconstruction": 125.0}
    return override(config, {**task, "pyramid.coarsest_side": 13, "optim.lr_generator": 0.02})


@pytest.fixture
def run(clip, superres, tmp_path):
    train(clip, superres, tmp_path / "run", method="singan-gif", preset="smoke")
    return load_run(tmp_path / "run")


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("side", [7, 16, 64])
def test_tiles_are_the_whole(dimensions, side):
    config = override(resolve("smoke", "singan-gif"), {"model.scales_3d": 3 * (dimensions == 3), "pyramid.scales": 2})
    scales = plan_scales(3, (32, 44), config)
    pyramid = GeneratorPyramid(config, scales, torch.zeros(3, 3, *scales[0].size))
    for scale in scales:
        ScaleTraining(pyramid, scale, torch.rand(3, 3, *scale.size, generator=seeded(scale.index)), {}, 0)
        pyramid.freeze()
    base = torch.rand(3, 3, 37, 50, generator=seeded(5))
    noise = pyramid.noise(1, 3, (37, 50), seeded(6))
    counts = []
    found = refine_tiled(pyramid, base, noise, side, lambda done, count: counts.append((done, count)))
    torch.testing.assert_close(found, pyramid.refine(1, base, noise), rtol=1e-5, atol=1e-6)
    assert counts[-1][0] == counts[-1][1] == len(counts) == -(-37 // side) * -(-50 // side)


def test_tiles_cover_a_frame_once():
    covered = np.zeros((37, 50), int)
    for crop in tiles((37, 50), 16):
        crop.cut(covered)[:] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize(("factor", "sizes"), [(2, [(37, 42), (52, 60)]), (3, [(37, 43), (54, 62), (78, 90)])])
def test_each_pass_enlarges_alike_and_all_by_the_factor(factor, sizes):
    assert enlarged_sizes((26, 30), factor) == sizes


def test_a_clip_becomes_twice_as_large_and_stays_itself(run):
    small, ticks = run.clip, []
    large = enlarged(run, small, 0, side=32, told=lambda *tick: ticks.append(tick))
    assert large.size == (52, 60) and len(large) == 5 and large.delays_ms.tolist() == small.delays_ms.tolist()
    assert ticks[-1] == (2, 4, 4) and ticks[0][0] == 1
    back = resize(to_tensor(large.frames), small.size)
    assert (back - to_tensor(small.frames)).abs().mean() < 0.2
    assert enlarged(run, small, 0).sha256 == enlarged(run, small, 0).sha256 != enlarged(run, small, 1).sha256


def test_another_clip_of_any_size_and_length(run):
    other = make_clip(np.random.default_rng(0).integers(0, 256, (2, 17, 40, 3), dtype=np.uint8))
    assert enlarged(run, other, 0).frames.shape == (2, 34, 80, 3)


def test_only_the_finest_scale_is_trained_and_on_the_clip(clip, superres):
    scales = plan_scales(len(clip), clip.size, superres)
    assert [scale.iterations for scale in scales] == [1, 2]
    pyramid = GeneratorPyramid(superres, scales, torch.zeros(5, 3, *scales[0].size))
    ScaleTraining(pyramid, scales[0], resize(to_tensor(clip.frames), scales[0].size), {}, 0)
    pyramid.freeze()
    real = to_tensor(clip.frames)
    training = ScaleTraining(pyramid, scales[1], real, {}, 0)
    anchor = resize(resize(real, scales[0].size), scales[1].size)
    assert torch.equal(training.anchor, anchor)
    base, _ = training._fake(slice(1, 3), None)
    assert torch.equal(base, anchor[1:3])


def test_the_paper_preset_refines_what_the_generators_made():
    assert resolve("paper", "singan-gif", task="superres", factor=3).task.base == "generators"
    assert resolve("quick", "singan-gif", task="superres").task.base == "clip"
    assert resolve("quick", "singan-gif").task == Config().task


@pytest.mark.parametrize(
    ("method", "changes", "part"),
    [
        ("singan-gif", {"task.base": "clip"}, "only super-resolution refines the clip itself"),
        ("sgif-plus", {"task.kind": "superres"}, "needs a generator at the finest scale"),
    ],
)
def test_a_training_without_sense_is_refused(method, changes, part):
    with pytest.raises(InputError, match=part):
        override(resolve("smoke", method), changes)


def test_a_run_for_something_else_is_refused_with_what_to_train(clip, config, tmp_path):
    trained = train(clip, config, tmp_path / "run", method="singan-gif", preset="smoke")
    with pytest.raises(InputError, match=r"trained for sample, not for superres; train one with .* --task superres"):
        enlarged(trained, clip, 0)


def test_a_result_that_is_too_large_is_refused(run):
    wide = make_clip(np.zeros((2, 4, 4097, 3), np.uint8))
    with pytest.raises(InputError, match="2 times 4x4097: a side is beyond 8192"):
        enlarged(run, wide, 0)


@pytest.mark.slow
def test_memory_of_the_net_does_not_grow_with_the_frame(run):
    """Of four times the area only the clip itself, and what is made of it, takes four times as much."""

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    def clip_of(side):
        return make_clip(np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8))

    enlarged(run, clip_of(128), 0)
    before = peak()
    enlarged(run, clip_of(512), 0)
    # Float frames at 1024 x 1024, with noise, base and result beside each other.
    assert peak() - before < 8 * 4 * 3 * 1024**2 * 4 / 2**20
