"""A crop with its halo is the same region of the whole; crops see the border as often as the middle."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sgif.config import override
from sgif.crops import Crop, draw_crop
from sgif.frames import resize, to_tensor
from sgif.losses import colour_statistics_loss, colour_statistics_loss_of_crop
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining


def pyramid_of(clip, config, norm="batch"):
    """Two trained scales, 3D then 2D, the second still in training if there is no norm."""
    config = override(config, {"model.norm": norm})
    scales = plan_scales(len(clip), clip.size, config)
    z_star = draw_noise(seeded(0, 0), len(clip), scales[0].size, coarsest=True, shared=False)
    pyramid, real = GeneratorPyramid(config, scales, z_star), to_tensor(clip.frames)
    for scale in scales:
        training = ScaleTraining(pyramid, scale, resize(real, scale.size), {}, 0)
        training.step()
        training.finish()
    return pyramid


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(("norm", "training"), [("batch", False), ("none", True)])
def test_a_crops_output_is_that_region_of_the_whole(clip, config, index, norm, training):
    pyramid = pyramid_of(clip, config, norm)
    pyramid.generators[index].train(training)
    height, width = pyramid.scales[index].size
    base = torch.randn(5, 3, height, width, generator=seeded(1))
    noise = torch.randn(5, 3, height, width, generator=seeded(2))
    whole = pyramid.refine(index, base, noise)
    for crop in (Crop(0, 0, 12, 13), Crop(height - 12, width - 13, 12, 13), Crop(7, 5, 12, 13), Crop(3, 0, 20, width)):
        torch.testing.assert_close(pyramid.refine(index, base, noise, crop), crop.cut(whole), rtol=1e-5, atol=1e-6)


def test_a_long_clip_in_parts_is_the_clip_in_one_go(clip, config, monkeypatch):
    pyramid = pyramid_of(clip, config)
    base = torch.randn(20, 3, *pyramid.scales[1].size, generator=seeded(1))
    noise = torch.randn(1, 3, *pyramid.scales[1].size, generator=seeded(2))
    in_parts = pyramid.refine(1, base, noise)
    monkeypatch.setattr("sgif.model.FRAMES_AT_ONCE", 1000)
    torch.testing.assert_close(in_parts, pyramid.refine(1, base, noise), rtol=1e-5, atol=1e-6)


def test_norms_of_what_is_seen_see_a_long_clip_in_one_go_and_alike_frozen_or_not(clip, config):
    config = override(config, {"model.generator_norm": "instance"})
    pyramid = pyramid_of(clip, config)
    base = torch.randn(20, 3, *pyramid.scales[1].size, generator=seeded(1))
    frozen = pyramid.refine(1, base, None)
    generator = pyramid.generators[1]
    generator.train()
    torch.testing.assert_close(frozen, pyramid.refine(1, base, None), rtol=1e-5, atol=1e-6)
    generator.eval()
    assert not torch.allclose(frozen[:8], pyramid.refine(1, base[:8], None), atol=1e-4)  # so parts would be wrong
    assert not any("running" in key for key in generator.state_dict())


@given(st.tuples(st.integers(22, 200), st.integers(22, 200)), st.integers(22, 80), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_crops_lie_within_the_frame(size, side, seed):
    crop = draw_crop(size, side, seeded(seed))
    assert (crop.height, crop.width) == (min(size[0], side), min(size[1], side))
    assert 0 <= crop.top <= size[0] - crop.height and 0 <= crop.left <= size[1] - crop.width


def test_every_pixel_is_seen_about_as_often():
    seen, rng = torch.zeros(100, 120), seeded(0)
    for _ in range(4000):
        draw_crop((100, 120), 24, rng).cut(seen).add_(1)
    share = seen / seen.mean()
    # 0.5 to 1.5 in each direction, so 0.25 to 2.25 in corners; evenly drawn positions would give the corner 0.002.
    assert float(share.min()) > 0.15 and float(share.max()) < 2.6
    assert 0.4 < float(share[0].mean()) < 0.7


def test_colour_of_a_crop_is_exact_when_the_crop_is_the_frame():
    fake, base, real = (torch.randn(3, 3, 20, 22, generator=seeded(i)) for i in range(3))
    expected = colour_statistics_loss(fake, real)
    torch.testing.assert_close(colour_statistics_loss_of_crop(fake, base, base, real), expected, rtol=1e-4, atol=1e-5)


def test_colour_of_a_crop_estimates_that_of_the_whole_frame():
    """A generator that adds a constant changes mean and variance of every crop alike: the estimate is then exact."""
    base, real = (torch.randn(3, 3, 40, 44, generator=seeded(i)) for i in range(2))
    crop = Crop(10, 5, 22, 24)
    shifted = base + 0.3
    estimate = colour_statistics_loss_of_crop(crop.cut(shifted), crop.cut(base), base, real)
    mean_of_crop_differs = 2 * 0.3 * (crop.cut(base).mean((2, 3)) - base.mean((2, 3))).abs().max()
    expected = colour_statistics_loss(shifted, real)
    assert abs(float(estimate - expected)) <= float(mean_of_crop_differs) + 1e-5
    assert float(colour_statistics_loss(base, real)) < 0.5 * float(estimate)
