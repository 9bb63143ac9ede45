"""What generators and critics see."""

import pytest
import torch

from sgif.critics import Critic
from sgif.generators import Generator
from sgif.layers import initialise


def seen_by(net, frames=9, size=15):
    """Which input frames, rows and columns the centre pixel of the middle frame depends on."""
    initialise(net, torch.Generator().manual_seed(0))
    net.eval()
    x = torch.randn(frames, 3, size, size, generator=torch.Generator().manual_seed(1)).requires_grad_()
    out = net(x, torch.zeros(frames, 3, size - 10, size - 10)) if isinstance(net, Generator) else net(x)
    out[frames // 2, :, 2, 2].sum().backward()
    touched = x.grad.abs().sum(dim=1) > 0
    return (
        touched.any(dim=(1, 2)).nonzero().flatten().tolist(),
        touched.any(dim=(0, 2)).nonzero().flatten().tolist(),
        touched.any(dim=(0, 1)).nonzero().flatten().tolist(),
    )


ELEVEN = list(range(2, 13))


@pytest.mark.parametrize("separable", [True, False])
def test_3d_generator_sees_eleven_pixels_and_all_frames_within_its_depth(separable):
    times, rows, columns = seen_by(Generator(3, 4, separable=separable), frames=13)
    assert (times, rows, columns) == (list(range(1, 12)), ELEVEN, ELEVEN)


def test_2d_generator_sees_eleven_pixels_and_exactly_its_neighbours():
    assert seen_by(Generator(2, 4)) == ([3, 4, 5], ELEVEN, ELEVEN)
    assert seen_by(Generator(2, 4, neighbours=0)) == ([4], ELEVEN, ELEVEN)


def test_image_critic_sees_one_frame_and_video_critic_all_within_its_depth():
    assert seen_by(Critic(2, 4)) == ([4], ELEVEN, ELEVEN)
    assert seen_by(Critic(3, 4), frames=13) == (list(range(1, 12)), ELEVEN, ELEVEN)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_generator_adds_a_residual_within_tanh_to_its_base(dimensions):
    net = Generator(dimensions, 4)
    base = 3 * torch.randn(5, 3, 12, 14)
    residual = net(torch.randn(5, 3, 22, 24), base).detach() - base
    assert residual.shape == base.shape
    assert 0 < float(residual.abs().max()) <= 1 + 1e-6


@pytest.mark.parametrize("dimensions", [2, 3])
def test_critics_give_a_score_a_patch(dimensions):
    assert Critic(dimensions, 4)(torch.randn(6, 3, 25, 31)).shape == (6, 1, 15, 21)
